import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHostKey } from "../login/host-key-input";
import { inspectKey, keyProblem } from "../login/key-file";
import type { Credentials, Login } from "../login/login";
import { fromPkcs8 } from "../login/pkcs8";
import { unusableKey } from "../login/unusable-key";

/** The host's name in the private known_hosts file for connection.hostKey. */
export const HOST_KEY_ALIAS = "portable-host";

/**
 * Answers prompts, but only of the ssh that was started with this directory: a ProxyCommand inherits SSH_ASKPASS, but its prompts
 * concern another host. The PIN of a PKCS#11 token is privateKeyPassword. A prompt for the PIN of a security key or for a
 * confirmation isn't answered.
 */
const ASKPASS = `#!/bin/sh
directory=\${0%/*}
[ -z "$SSH_ASKPASS_PROMPT" ] || exit 1
tries=0
while [ ! -s "$directory/pid" ] && [ "$tries" -lt 50 ]; do sleep 0.02; tries=$((tries + 1)); done
[ "$PPID" = "$(cat "$directory/pid")" ] || exit 1
case $1 in
    *passphrase*|"Enter PIN for '"*) file=passphrase ;;
    *PIN*|*"(yes/no"*) exit 1 ;;
    *) file=password ;;
esac
[ -r "$directory/$file" ] && cat "$directory/$file"
`;

/** A KnownHostsCommand that accepts a host key by its fingerprint, which known_hosts can't contain. */
const knownHostsCommand = (fingerprint: string) =>
    `#!/bin/sh\n[ "$3" != '${fingerprint}' ] || echo "${HOST_KEY_ALIAS} $1 $2"\n`;

/**
 * Inputs of a connection that ssh reads from files, in a directory that only this user can enter. So secrets are in no argv and
 * no environment.
 */
export class PrivateFiles {
    private constructor(readonly directory: string) {}

    /** Path of the connection's control socket. It is short, as the path of a Unix socket is limited to 104 bytes. */
    get controlPath(): string {
        return join(this.directory, "c");
    }

    get identity(): string {
        return join(this.directory, "identity");
    }

    get knownHosts(): string {
        return join(this.directory, "known_hosts");
    }

    get knownHostsCommand(): string {
        return join(this.directory, "known-hosts-command");
    }

    get askpass(): string {
        return join(this.directory, "askpass");
    }

    get pid(): string {
        return join(this.directory, "pid");
    }

    /** @throws ConnectionError `settings` if hostKey or privateKey can't be used */
    static async make(login: Login, parent?: string): Promise<PrivateFiles> {
        const { privateKey, passphrase } = login.credentials;
        const problem = privateKey === undefined ? undefined : keyProblem(inspectKey(privateKey), passphrase);
        if (problem !== undefined) throw unusableKey(problem);
        const hostKey = login.hostKey.hostKey === undefined ? undefined : parseHostKey(login.hostKey.hostKey);
        const directory = parent ?? (await mkdtemp(join(tmpdir(), "portable-ssh-")));
        if (parent !== undefined) await mkdir(parent, { mode: 0o700 });
        const files = new PrivateFiles(directory);
        try {
            await files.writeCredentials(readable(login.credentials));
            if (hostKey?.line !== undefined)
                await writeFile(files.knownHosts, `${HOST_KEY_ALIAS} ${hostKey.line}\n`, { mode: 0o600 });
            else if (hostKey !== undefined)
                await files.writeScript(files.knownHostsCommand, knownHostsCommand(hostKey.fingerprint));
            return files;
        } catch (error) {
            await files.remove();
            throw error;
        }
    }

    /** Makes the files for a jump host of the connection. */
    nested(login: Login): Promise<PrivateFiles> {
        return PrivateFiles.make(login, join(this.directory, "jump"));
    }

    private async writeCredentials({ privateKey, passphrase, password }: Credentials): Promise<void> {
        const secrets = { identity: privateKey, passphrase, password };
        for (const [name, text] of Object.entries(secrets)) {
            if (text === undefined) continue;
            await writeFile(join(this.directory, name), text.endsWith("\n") ? text : `${text}\n`, { mode: 0o600 });
        }
        if (passphrase !== undefined || password !== undefined) await this.writeScript(this.askpass, ASKPASS);
    }

    private async writeScript(path: string, text: string): Promise<void> {
        await writeFile(path, text, { mode: 0o700 });
        await chmod(path, 0o700);
    }

    /** Removes the files with secrets, which aren't needed after the login. */
    async removeSecrets(): Promise<void> {
        const secrets = ["identity", "passphrase", "password", "jump"];
        await Promise.all(secrets.map((name) => rm(join(this.directory, name), { recursive: true, force: true })));
    }

    remove(): Promise<void> {
        return rm(this.directory, { recursive: true, force: true });
    }
}

/** Converts the private key to a form that ssh supports. @throws ConnectionError `settings` if it can't be used */
function readable(credentials: Credentials): Credentials {
    const { privateKey, passphrase } = credentials;
    if (privateKey === undefined || inspectKey(privateKey).kind !== "pkcs8") return credentials;
    const converted = fromPkcs8(privateKey, passphrase);
    if (typeof converted !== "string") throw unusableKey(converted);
    return { ...credentials, privateKey: converted };
}
