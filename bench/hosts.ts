import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { bootHost, type TestHost } from "../test/hosts";
import { type Line, openLine } from "./line";

/** What a host is to have in the end: the release in the image, and the NAME in the drop-in. */
export interface Wanted {
    /** Path of the image on this machine. */
    image: string;
    /** The text of the image's page. */
    release: string;
    name: string;
}

export interface Hosts {
    readonly nearby: readonly TestHost[];
    /** The first one, as it is at the end of a line. */
    readonly distant: TestHost;
    /** ssh_config with all of them. */
    readonly sshConfigPath: string;
    down(): Promise<void>;
}

export async function bootHosts(count: number, line: Line, directory: string): Promise<Hosts> {
    const hosts: TestHost[] = [];
    for (let index = 0; index < count; index++) hosts.push(await bootHost());
    const [first] = hosts as [TestHost];
    const opened = await openLine(first.address, first.port, line);
    const distant: TestHost = { ...first, name: "distant", address: "127.0.0.1", port: opened.port };
    const configs = hosts.map((host) => readFileSync(host.sshConfigPath, "utf8"));
    const sshConfigPath = path.join(directory, "ssh_config");
    const there = (configs[0] as string)
        .replace(/^Host .*$/m, `Host ${distant.name}\n    HostKeyAlias ${first.name}\n    Port ${distant.port}`)
        .replace(/HostName .*$/m, `HostName ${distant.address}`);
    writeFileSync(sshConfigPath, [...configs, there].join("\n"));
    return {
        nearby: hosts,
        distant,
        sshConfigPath,
        down: async () => {
            opened.close();
            for (const host of hosts) await host.down();
        },
    };
}

/** @throws Error where a host doesn't serve what it should: a time for something else is none. */
export async function checkServed(hosts: readonly TestHost[], wanted: Wanted): Promise<void> {
    for (const host of hosts) {
        const { body } = await host.http(8080, "/");
        const expected = `${wanted.release}: Hello, ${wanted.name}!`;
        if (body.trim() !== expected) throw new Error(`${host.name} serves "${body.trim()}" in place of "${expected}"`);
    }
}

/** Main processes of the service, one for each host: a deployment that had nothing to do must keep them. */
export async function mainProcesses(hosts: readonly TestHost[]): Promise<string> {
    const shown = hosts.map((host) => host.exec("systemctl show -p MainPID --value hello.service"));
    return (await Promise.all(shown)).map(({ stdout }) => stdout.trim()).join(" ");
}

/** @throws Error where something of the service is left. */
export async function checkGone(hosts: readonly TestHost[]): Promise<void> {
    for (const host of hosts) {
        const { stdout } = await host.exec(
            "ls /etc/portables /var/lib/portables /etc/systemd/system.attached 2>/dev/null",
        );
        if (/hello/.test(stdout)) throw new Error(`${host.name} still has something of the service:\n${stdout}`);
    }
}
