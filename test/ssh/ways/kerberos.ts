import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../free-port";
import { environmentOfUnpacked, libraries, runUnpacked } from "./unpacked";

const REALM = "PORTABLE.TEST";
const PASSWORD = "of the ticket";

/** /etc/krb5.conf of a host of the realm, which needs its keytab and no key distribution center. */
export const HOST_CONFIG = `[libdefaults]\n default_realm = ${REALM}\n dns_lookup_kdc = false\n rdns = false\n`;

/** A realm with a key distribution center on a port of this machine, and a ticket for `deploy`. */
export class Kerberos {
    private server: ChildProcess | undefined;

    constructor(private readonly directory: string) {}

    private path(name: string): string {
        return join(this.directory, name);
    }

    /** Environment variables for ssh and klist. */
    get environment(): Record<string, string> {
        return {
            ...environmentOfUnpacked(),
            KRB5_CONFIG: this.path("krb5.conf"),
            KRB5CCNAME: `FILE:${this.path("tickets")}`,
        };
    }

    /** @returns the keytab of the host with this address */
    async start(address: string): Promise<Buffer> {
        const port = await freePort();
        this.writeConfig(port);
        const run = (program: string, args: string[], input?: string) =>
            runUnpacked(program, args, { ...this.environment, KRB5_KDC_PROFILE: this.path("kdc.conf") }, input);
        run("kdb5_util", ["create", "-s", "-P", "master"]);
        run("kadmin.local", ["addprinc", "-pw", PASSWORD, "deploy"]);
        run("kadmin.local", ["addprinc", "-randkey", `host/${address}`]);
        run("kadmin.local", ["ktadd", "-k", this.path("keytab"), `host/${address}`]);
        this.server = spawn("krb5kdc", ["-n"], {
            env: { ...process.env, ...this.environment, KRB5_KDC_PROFILE: this.path("kdc.conf") },
            stdio: ["ignore", "pipe", "pipe"],
        });
        await new Promise((resolve) => this.server?.stderr?.once("data", resolve));
        run("kinit", ["deploy"], `${PASSWORD}\n`);
        return readFileSync(this.path("keytab"));
    }

    stop(): void {
        this.server?.kill();
    }

    private writeConfig(port: number): void {
        const at = `127.0.0.1:${port}`;
        const modules = join(libraries(), "krb5/plugins/kdb");
        writeFileSync(
            this.path("krb5.conf"),
            `${HOST_CONFIG} dns_canonicalize_hostname = false\n[realms]\n ${REALM} = { \n  kdc = ${at}\n }\n[dbmodules]\n db_module_dir = ${modules}\n`,
        );
        writeFileSync(
            this.path("kdc.conf"),
            `[kdcdefaults]\n kdc_listen = ${at}\n kdc_tcp_listen = ${at}\n[realms]\n ${REALM} = {\n  database_name = ${this.path("principals")}\n  key_stash_file = ${this.path("stash")}\n }\n`,
        );
    }
}
