import type { TestHost } from "../test/hosts";
import type { Wanted } from "./hosts";

export interface Setup {
    /** Directory of the run, in which a contender keeps its files. */
    directory: string;
    /** ssh_config with all hosts. */
    sshConfigPath: string;
    /** Name of the service and of its socket. */
    service: string;
}

/** One way to deploy. */
export interface Contender {
    /** For the head of a column. */
    readonly name: string;
    /** With versions, for the list below the table. */
    readonly description: string;
    /** The one step that it takes part in; undefined for all. It deploys nothing then. */
    readonly only?: string;
    /** Brings the hosts to the wanted state. This step is timed. */
    deploy(hosts: readonly TestHost[], wanted: Wanted): Promise<void>;
    /** Takes everything back. */
    remove(hosts: readonly TestHost[]): Promise<void>;
}

/** A contender, or why it isn't there. */
export type Found = Contender | { readonly name: string; readonly missing: string };
