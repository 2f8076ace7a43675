import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../../provider/host/connection";
import { sh } from "../../provider/host/shell";
import { createPool as createAnyPool, type Pool, type PoolOptions } from "../../provider/ssh/pool";
import type { TestHost } from "../hosts";

/** The first boot of a suite also builds its root file system. */
export const bootTimeoutMs = 300_000;

let clientInUse: Connection["client"] = "built-in";

/** Registers the tests twice, with connections of the built-in client and of OpenSSH. */
export function onBothClients(body: (client: "built-in" | "openssh") => void): void {
    describe.each(["built-in", "openssh"] as const)("through the %s client", (client) => {
        beforeAll(() => {
            clientInUse = client;
        });
        body(client);
    });
}

/** A pool that uses the client under test for connections that don't set one. */
export function createPool(options?: PoolOptions): Pool {
    const pool = createAnyPool(options);
    return {
        ...pool,
        connect: (connection, connectOptions) => pool.connect({ client: clientInUse, ...connection }, connectOptions),
    };
}

/** Connection as root that takes nothing from ssh_config. */
export function explicit(host: TestHost): Connection & { host: string } {
    return {
        host: host.address,
        hostKey: host.hostKey,
        privateKey: readFileSync(host.privateKeyPath, "utf8"),
        dialErrorLimit: 3,
    };
}

/** A directory with the ssh_config that PORTABLE_SSH_CONFIG names, so that tests don't read the user's files. */
export class SshHome {
    readonly directory = mkdtempSync(join(tmpdir(), "portable-test-ssh-"));
    private readonly before = process.env.PORTABLE_SSH_CONFIG;

    /** Writes the configuration; `%D` stands for the directory. */
    configure(text: string): void {
        const none = `Host *\n UserKnownHostsFile %D/known_hosts\n GlobalKnownHostsFile none\n IdentityFile none\n IdentityAgent none\n`;
        const file = this.write("config", `${text}\n${none}`.replaceAll("%D", this.directory));
        process.env.PORTABLE_SSH_CONFIG = file;
    }

    write(name: string, text: string): string {
        const file = join(this.directory, name);
        writeFileSync(file, text, { mode: 0o600 });
        return file;
    }

    remove(): void {
        if (this.before === undefined) delete process.env.PORTABLE_SSH_CONFIG;
        else process.env.PORTABLE_SSH_CONFIG = this.before;
        rmSync(this.directory, { recursive: true, force: true });
    }
}

/** Calls `work` with a new pool, and closes the pool. */
export async function withPool<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    const pool = createPool();
    try {
        return await work(pool);
    } finally {
        pool.close();
    }
}

/** Connects and returns the user that programs run as. */
export function whoami(connection: Connection): Promise<string> {
    return withPool(async (pool) => (await (await pool.connect(connection)).run(sh`id -un`)).stdout.trim());
}

/** Number of connections that the host's sshd has. */
export async function connectionsOn(host: TestHost): Promise<number> {
    const { stdout } = await host.exec("ss -Htn state established 'sport = :22' | wc -l");
    return Number(stdout);
}
