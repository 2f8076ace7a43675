import { execFileSync } from "node:child_process";
import type { TestHost } from "../hosts";

export interface Running {
    /** The journal of the image's units so far. */
    journal(): Promise<string>;
    detach(): Promise<void>;
}

/** Attaches an image under the default profile with `settings` in a drop-in, and starts its service. */
export async function run(
    host: TestHost,
    image: { file: string },
    {
        name,
        settings = "",
        unit = `${name}.service`,
        mayEnd = false,
    }: {
        name: string;
        settings?: string;
        unit?: string;
        /** Whether the program may exit at once, which can make the start fail. */
        mayEnd?: boolean;
    },
): Promise<Running> {
    const raw = `/var/lib/portables/${name}_1.raw`;
    execFileSync("scp", ["-q", "-F", host.sshConfigPath, image.file, `root@${host.name}:${raw}`]);
    const dropIn = `/etc/systemd/system/${unit}.d`;
    const journal = async () => (await host.exec(`journalctl -o cat --no-pager -u '${name}*'`)).stdout;
    const { code, stderr } = await host.exec(`
        set -e
        mkdir -p ${dropIn}
        printf '[Service]\\n${settings}\\n' > ${dropIn}/test.conf
        portablectl attach --profile=default ${raw} >&2
        systemctl daemon-reload
        systemctl start ${unit}`);
    const running = {
        journal,
        detach: async () => {
            await host.exec(
                `systemctl stop '${name}*'; portablectl detach ${raw}; rm -rf ${raw} ${dropIn}; systemctl daemon-reload`,
            );
        },
    };
    if (code !== 0 && !mayEnd) throw new Error(`${stderr}\n${await journal()}`);
    return running;
}

/** Repeats the attempt until it succeeds, for ten seconds at most. */
export async function soon<T>(attempt: () => Promise<T>): Promise<T> {
    for (const end = Date.now() + 10_000; ; ) {
        try {
            return await attempt();
        } catch (error) {
            if (Date.now() > end) throw error;
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }
}
