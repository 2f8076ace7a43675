import type { Inputs } from "../program";
import { type Fields, hostFiles, plainConnection, type World } from "./field";

const UNIT =
    "[Unit]\nDescription=Component\n[Service]\nExecStart=/usr/bin/idle\n[Install]\nWantedBy=multi-user.target\n";

const source = (tree: Inputs = {}, text = UNIT): Inputs => ({
    files: {
        units: [{ name: "comp-x.service", text }],
        tree: {
            "/usr/bin/idle": { asset: { $file: "bin/idle" }, mode: "0755" },
            "/usr/bin/done": { asset: { $file: "bin/done" }, mode: "0755" },
            ...tree,
        },
    },
});

const dropIn = (nice: unknown): Inputs => ({ unit: "comp-x.service", sections: { Service: { Nice: nice } } });
const check = { command: { command: ["/bin/true"] } };

/** A PortableService on one host, and on two. */
export function componentFields(world: World): Fields {
    const { connection, second } = world;
    const hosts = (connections: Inputs): Inputs => ({ connection: undefined, connections });
    return Object.fromEntries(
        Object.entries<Fields[string]>({
            name: { values: ["comp", "comp-x"] },
            // The unit that a drop-in names gets another name.
            instance: { values: [undefined, "staging"], beside: { dropIns: undefined } },
            version: { values: ["1.0", "1.1"] },
            source: {
                values: [
                    source(),
                    source({ "/usr/share/mark": { content: "mark" } }),
                    source({}, UNIT.replace("Comp", "A comp")),
                ],
                spellings: [source({ "/usr/bin/idle": { mode: "0755", asset: { $file: "bin/idle" } } })],
            },
            format: { values: ["squashfs", "erofs"], spellings: [undefined] },
            retain: { values: [undefined, 1], spellings: [2] },
            profile: { values: [undefined, "trusted"], spellings: ["default"] },
            units: {
                values: [undefined, { "comp-x.service": { enable: false } }, { "comp-x.service": { start: false } }],
                spellings: [{}],
            },
            dropIns: { values: [[dropIn(1)], [dropIn(2)], undefined], spellings: [[dropIn("1")]] },
            files: { ...hostFiles("/etc/truth-component"), spellings: undefined },
            extensions: { values: [undefined], spellings: [[]] },
            health: { values: [undefined, check, { stableSeconds: 1 }], spellings: [{}] },
            beforeSwitch: { values: [undefined, { command: ["/usr/bin/done"], unit: "comp-x.service" }] },
            rollback: { values: [undefined, "unlessMigrated"], spellings: ["always"] },
            untilReboot: { values: [undefined, true], spellings: [false] },
            copy: { values: [undefined, "copy"], spellings: ["auto"] },
            force: { values: [undefined, true], spellings: [false] },
            connection: plainConnection(world),
            connections: {
                values: [
                    { one: connection },
                    { two: connection },
                    { two: connection, three: second },
                    { three: connection, two: second },
                ],
                beside: { connection: undefined },
                isNeverIgnored: true,
            },
            waves: {
                values: [undefined],
                spellings: [{ canary: 1 }, { canary: 2 }, { canaryHosts: ["two"] }, { batchSize: 1, canary: 0 }],
                beside: hosts({ one: connection, two: second }),
            },
        }).map(([name, field]) => [name, { walk: "ring" as const, ...field }]),
    );
}
