import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { environmentOfUnpacked, runUnpacked, softHsm } from "./unpacked";

export const PIN = "904511";

/** A PKCS#11 token in software with one RSA key, in place of a smart card. */
export class Token {
    constructor(private readonly directory: string) {}

    /** Environment variables for ssh, ssh-add and ssh-agent. */
    get environment(): Record<string, string> {
        return { ...environmentOfUnpacked(), SOFTHSM2_CONF: join(this.directory, "softhsm2.conf") };
    }

    /** @returns the line for authorized_keys */
    make(): string {
        const tokens = join(this.directory, "tokens");
        mkdirSync(tokens);
        writeFileSync(join(this.directory, "softhsm2.conf"), `directories.tokendir = ${tokens}\nlog.level = ERROR\n`);
        const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
        const file = join(this.directory, "token-key");
        writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
        const run = (...args: string[]) =>
            runUnpacked("softhsm2-util", ["--module", softHsm(), ...args, "--pin", PIN], this.environment);
        run("--init-token", "--free", "--label", "card", "--so-pin", PIN);
        run("--import", file, "--token", "card", "--label", "key", "--id", "01");
        const env = { ...process.env, ...this.environment };
        return execFileSync("ssh-keygen", ["-D", softHsm()], { env, encoding: "utf8" }).trim();
    }

    /** Adds the token to an agent, which asks for the PIN. */
    addTo(agent: string): void {
        const askpass = join(this.directory, "ask-pin");
        writeFileSync(askpass, `#!/bin/sh\necho ${PIN}\n`, { mode: 0o700 });
        const env = { ...this.environment, SSH_AUTH_SOCK: agent, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force" };
        execFileSync("ssh-add", ["-s", softHsm()], { env: { ...process.env, ...env }, stdio: "ignore" });
    }
}
