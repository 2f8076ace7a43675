import { validateImage } from "../../../provider/image/checks/checks";
import { findingText } from "../../../provider/image/checks/finding";
import { type Entry, Tree, textEntry } from "../../../provider/image/tree/tree";
import { UNITS, WHOLE } from "./os-tree";

/** Warnings about an image of these units and parts, without those that each of these images draws. */
export async function warnings(
    units: Record<string, string>,
    parts: Record<string, string | Buffer> = {},
): Promise<string[]> {
    const tree = new Tree();
    for (const [path, content] of Object.entries({ ...WHOLE, ...parts })) {
        if (content === "/") tree.add(path, { kind: "directory", mode: 0o755 });
        else
            tree.add(
                path,
                file(content as string | Buffer, typeof content !== "string" || path.includes("bin/") ? 0o755 : 0o644),
            );
    }
    for (const [name, text] of Object.entries(units)) tree.add(`${UNITS}/${name}`, textEntry(text));
    const { findings: found } = await validateImage("hello", tree, units);
    expect(found.filter(({ severity }) => severity === "failure")).toEqual([]);
    return found.map(findingText);
}

export function file(content: string | Buffer, mode: number): Entry {
    const bytes = Buffer.from(content);
    return { kind: "file", mode, size: bytes.length, sha256: "", content: { bytes } };
}

export const start = (command: string, lines = "") => ({
    "hello.service": `[Service]\nExecStart=${command}\n${lines}`,
});
