import { setTimeout as sleep } from "node:timers/promises";
import type { TestHost } from "../test/hosts";
import type { Contender } from "./contender";
import { checkGone, checkServed, mainProcesses, type Wanted } from "./hosts";

export type Release = Pick<Wanted, "image" | "release">;

export interface Measured {
    contender: string;
    /** Heading of its table. */
    title: string;
    step: string;
    ms: number;
}

const REST_MS = 700;

/** Each from where the one before it ended. */
function steps([first, second]: readonly [Release, Release]): [string, Wanted][] {
    return [
        ["first deployment", { ...first, name: "User" }],
        ["new image", { ...second, name: "User" }],
        ["new drop-in", { ...second, name: "Reader" }],
        ["no change", { ...second, name: "Reader" }],
    ];
}

/**
 * Deploys, changes and takes back in one way; after each step the hosts serve what was deployed.
 * @throws Error where they don't, or where a deployment without a change restarted the service
 */
export async function oneRound(
    title: string,
    contender: Contender,
    hosts: readonly TestHost[],
    releases: readonly [Release, Release],
): Promise<Measured[]> {
    const measured: Measured[] = [];
    for (const [step, wanted] of steps(releases)) {
        if (contender.only !== undefined && contender.only !== step) continue;
        const before = await mainProcesses(hosts);
        // What a deployment leaves to the host to do is over.
        await sleep(REST_MS);
        const started = performance.now();
        await contender.deploy(hosts, wanted);
        measured.push({ contender: contender.name, title, step, ms: performance.now() - started });
        if (contender.only !== undefined) continue;
        await checkServed(hosts, wanted);
        if (step === "no change" && before !== (await mainProcesses(hosts))) {
            throw new Error(`${contender.name} restarted the service though nothing had changed`);
        }
    }
    await contender.remove(hosts);
    await checkGone(hosts);
    const times = measured.map(({ step, ms }) => `${step} ${(ms / 1000).toFixed(2)} s`).join(", ");
    console.log(`${title}, ${contender.name}: ${times}`);
    return measured;
}
