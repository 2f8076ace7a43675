import * as net from "node:net";
import type { TestHost } from "../hosts";
import { RUN_TIMEOUT_MS } from "./example";
import { eventually, journal, onEveryEngine, onHost, shown } from "./on-every-engine";

const COW = String.raw`
        \   ^__^
         \  (oo)\_______
            (__)\       )\/\
                ||----w |
                ||     ||
`;
const says = (text: string) => ` ${"_".repeat(text.length + 2)}\n< ${text} >\n ${"-".repeat(text.length + 2)}${COW}`;

/** Opens a connection; `finish` sends the text, closes its half, and returns the answer. */
async function connect(host: TestHost): Promise<{ finish(text: string): Promise<string> }> {
    const socket = net.connect({ host: host.address, port: 3000, allowHalfOpen: true });
    await new Promise((connected, failed) => socket.once("connect", connected).once("error", failed));
    return {
        finish: (text) =>
            new Promise((resolve, reject) => {
                let answer = "";
                socket.setEncoding("utf8").on("data", (part) => {
                    answer += part;
                });
                socket.once("end", () => resolve(answer)).once("error", reject);
                socket.setTimeout(20_000, () => socket.destroy(new Error("no cow within 20 s")));
                socket.end(text);
            }),
    };
}

/** Loaded instances of the template, a line of `systemctl list-units` each. */
async function instances(host: TestHost): Promise<string[]> {
    const rows = await onHost(host, "systemctl list-units 'cowsay@*' --all --plain --no-legend --no-pager");
    return rows.split("\n").filter((row) => row !== "");
}

onEveryEngine("cowsay", { prepare: ({ example }) => example.build() }, (scene) => {
    const host = () => scene.hosts[0] as TestHost;

    test(
        "portablectl attach, systemctl enable --now cowsay.socket: the socket listens, the template keeps its @",
        async () => {
            const { outputs } = await scene.stack.up();
            expect(outputs.units).toEqual({
                "cowsay@.service": {
                    load: "loaded",
                    active: "template",
                    sub: "template",
                    enablement: "static",
                    links: [],
                },
                "cowsay.socket": {
                    load: "loaded",
                    active: "active",
                    sub: "listening",
                    enablement: "enabled",
                    links: ["sockets.target.wants/cowsay.socket"],
                },
            });
            const attached = await onHost(
                host(),
                "cd /etc/systemd/system.attached && ls cowsay*.socket cowsay*.service",
            );
            expect(attached.split("\n").sort()).toEqual(["cowsay.socket", "cowsay@.service"]);
        },
        RUN_TIMEOUT_MS,
    );

    test('echo "hello" | ncat HOST 3000: the cow says it', async () => {
        expect(await (await connect(host())).finish("hello\n")).toBe(says("hello"));
    });

    test("each connection has its own instance", async () => {
        const [first, second] = await Promise.all([connect(host()), connect(host())]);
        const running = await eventually(
            () => instances(host()),
            (rows) => rows.length === 2 && rows.every((row) => row.includes("running")),
        );
        expect(running).toHaveLength(2);
        const names = running.map((row) => row.split(" ")[0] as string);
        const pids = await Promise.all(names.map((name) => shown(host(), name, "MainPID")));
        expect(new Set(pids).size).toBe(2);
        const roots = await Promise.all(names.map((name) => shown(host(), name, "RootImage")));
        expect(roots[0]).toMatch(/\/cowsay_1\.0-\w+\.raw$/);
        expect(await second.finish("two")).toBe(says("two"));
        expect(await first.finish("one")).toBe(says("one"));
    });

    test("CollectMode=: no instance stays loaded, not even a failed one", async () => {
        expect(await (await connect(host())).finish("moo".repeat(2000))).toBe("");
        expect(await journal(host(), "cowsay@*")).toContain("cowsay: no cow says more than 4096 bytes");
        const left = await eventually(
            () => instances(host()),
            (rows) => rows.length === 0,
        );
        expect(left).toEqual([]);
    });
});
