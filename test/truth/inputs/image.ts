import type { Inputs } from "../program";
import { type Fields, plainConnection, type World } from "./field";

const binaries = { "/usr/bin/hello": { asset: { $file: "bin/hello" }, mode: "0755" } };
const source = (more: Inputs = {}, tree: Inputs = {}): Inputs => ({
    files: {
        units: ["units/spare-x.service"],
        tree: { ...binaries, "/usr/share/mark": { content: "mark" }, ...tree },
        substitutions: { helloExe: "/usr/bin/hello" },
        ...more,
    },
});

/** Text of a unit of the image `spare`. */
export const UNIT =
    "[Unit]\nDescription=Spare\n[Service]\nExecStart=@helloExe@\n[Install]\nWantedBy=multi-user.target\n";

/** A PortableImage of `files` that nothing is attached to. */
export function imageFields(world: World): Fields {
    return {
        name: { values: ["spare", "spare-x"] },
        instance: { values: [undefined, "staging"] },
        version: { values: ["1.0", "1.1"] },
        source: {
            values: [
                source(),
                source({}, { "/usr/share/mark": { content: "other" } }),
                source({}, { "/usr/share/more": { content: "more" } }),
                source({}, { "/usr/share/mark": { content: "mark", mode: "0755" } }),
                source({ units: [{ name: "spare-x.service", text: UNIT }] }),
                source({ units: ["units/spare-x.service", "units/spare-x-more.service"] }),
            ],
            spellings: [
                source({}, { "/usr/share/mark": { content: "mark", mode: "0644" } }),
                source({}, { "/usr/share/mark": { asset: { $text: "mark" } } }),
                source({}, { "/usr/share/mark": { asset: { $file: "mark.txt" } } }),
                source({ units: [{ name: "spare-x.service", asset: { $file: "units/spare-x.service" } }] }),
                source({ tree: { "/usr/share/mark": { content: "mark" }, ...binaries } }),
            ],
        },
        "source (files)": {
            input: "source",
            walk: "ring",
            values: [
                source(),
                source({}, { "/usr/share/empty": { directory: true } }),
                source({}, { "/usr/share/empty": { directory: true, mode: "0700" } }),
                source({}, { "/usr/share/link": { symlink: "mark" } }),
                source({}, { "/usr/share/link": { symlink: "/usr/share/mark" } }),
                source({ binaries: ["/usr/bin/true"] }),
                source({ binaries: ["/usr/bin/true", { path: "/usr/bin/env", root: "/" }] }),
                source({ substitutions: { helloExe: "/usr/bin/again" } }, { "/usr/bin/again": { symlink: "hello" } }),
            ],
        },
        extends: {
            values: [undefined, "spare"],
            walk: "ring",
            beside: {
                source: {
                    files: {
                        units: [{ name: "spare-x.service", text: UNIT.replace("@helloExe@", "/usr/bin/hello") }],
                        tree: binaries,
                    },
                },
            },
        },
        format: { values: ["squashfs", "erofs"], spellings: [undefined] },
        retain: { values: [undefined, 1, 3], spellings: [2] },
        connection: plainConnection(world),
    };
}
