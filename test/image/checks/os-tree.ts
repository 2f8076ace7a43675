import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Source } from "../../../provider/image/sources/source";
import { Asset } from "../../../provider/schema/values";
import { elfFile } from "../elf/elf-file";
import { type LayerEntry, layoutFiles, writeFiles } from "../sources/oci/oci-layout";
import { PROGRAM, workspace } from "../workspace";

/** A file's content, `-> TARGET` for a symbolic link, or "/" for a directory; with `mode` unless it is the usual one. */
export type Part = string | Buffer | { content: string | Buffer; mode: number };

/** The smallest system that runs hello.service. */
export const WHOLE: Record<string, Part> = {
    "/usr/lib/os-release": "ID=test\nVERSION_ID=1\n",
    "/etc/machine-id": "",
    "/etc/resolv.conf": "",
    ...Object.fromEntries(["/dev", "/proc", "/sys", "/run", "/tmp", "/var/tmp"].map((directory) => [directory, "/"])),
    "/usr/bin/hello": PROGRAM,
    "/usr/lib/systemd/system/hello.service": "[Service]\nExecStart=/usr/bin/hello\n",
};

export const UNITS = "/usr/lib/systemd/system";
export const LOADER = "/lib64/ld-linux-x86-64.so.2";
/** An ELF program that needs a loader and a C library. */
export const dynamic = (parts: Parameters<typeof elfFile>[0] = {}) =>
    elfFile({ interpreter: LOADER, needed: ["libc.so.6"], ...parts });
/** The loader and library of {@link dynamic}. */
export const LIBRARIES: Record<string, Part> = {
    [LOADER]: { content: elfFile({ soname: "ld-linux-x86-64.so.2" }), mode: 0o755 },
    "/usr/lib/x86_64-linux-gnu/libc.so.6": elfFile({
        soname: "libc.so.6",
        versions: ["libc.so.6", "GLIBC_2.2.5", "GLIBC_2.36"],
    }),
};

export const KINDS = ["files", "directory", "oci", "raw", "erofs"] as const;
export type Kind = (typeof KINDS)[number];

/** WHOLE with these changes as a kind of source, with the directory of its files. `undefined` removes a part of WHOLE. */
export async function sourceOf(kind: Kind, changes: Record<string, Part | undefined>) {
    const parts: Record<string, Part> = {};
    for (const [file, part] of Object.entries({ ...WHOLE, ...changes })) if (part !== undefined) parts[file] = part;
    const programDirectory = workspace();
    const os = path.join(programDirectory, "os");
    mkdirSync(os, { mode: 0o755 });
    for (const [file, part] of Object.entries(parts)) write(path.join(os, file), part);
    const own = { files: async () => files(parts), oci: () => container(parts, programDirectory) };
    const source = kind in own ? await own[kind as keyof typeof own]() : packed(kind as Packed, programDirectory);
    return { programDirectory, source };
}

type Packed = Exclude<Kind, "files" | "oci">;

function write(file: string, part: Part): void {
    const { content, mode } = typeof part === "object" && "content" in part ? part : { content: part, mode: undefined };
    mkdirSync(path.dirname(file), { recursive: true });
    if (content === "/") mkdirSync(file, { recursive: true });
    else if (typeof content === "string" && content.startsWith("-> ")) symlinkSync(content.slice(3), file);
    else writeFileSync(file, content);
    const usual = content === "/" || file.includes("bin/") ? 0o755 : 0o644;
    if (!(typeof content === "string" && content.startsWith("-> "))) chmodSync(file, mode ?? usual);
}

function packed(kind: Packed, programDirectory: string): Source {
    if (kind === "directory") return { directory: { path: "os" } };
    const raw = path.join(programDirectory, "image.raw");
    const os = path.join(programDirectory, "os");
    if (kind === "raw") execFileSync("mksquashfs", [os, raw, "-all-root", "-quiet", "-no-progress"]);
    else execFileSync("mkfs.erofs", ["--all-root", "-T0", raw, os], { stdio: "ignore" });
    return { raw: { path: "image.raw" } };
}

/** A container image of one layer, whose units are inputs of the source. */
async function container(parts: Record<string, Part>, programDirectory: string): Promise<Source> {
    const layer: Record<string, LayerEntry> = {};
    const units: string[] = [];
    for (const [file, part] of Object.entries(parts)) {
        const { content, mode } = typeof part === "object" && "content" in part ? part : { content: part, mode: 0o644 };
        const name = file.slice(1);
        if (file.startsWith(`${UNITS}/`)) units.push(`os${file}`);
        else if (content === "/") layer[`${name}/`] = {};
        else if (typeof content === "string" && content.startsWith("-> "))
            layer[name] = { type: "symlink", linkname: content.slice(3) };
        else layer[name] = { content, mode: part === content && file.includes("bin/") ? 0o755 : mode };
    }
    writeFiles(path.join(programDirectory, "layout"), await layoutFiles([{ layers: [layer] }]));
    return { oci: { layout: "layout", units } };
}

/** The source `files`, without the files that it adds to every image. */
function files(parts: Record<string, Part>): Source {
    const tree: NonNullable<NonNullable<Source["files"]>["tree"]> = {};
    const units: { name: string; asset: Asset }[] = [];
    for (const [file, part] of Object.entries(parts)) {
        const isGiven = !Object.hasOwn(WHOLE, file) || file === "/usr/bin/hello" || file.startsWith(`${UNITS}/`);
        if (!isGiven) continue;
        const asset = new Asset({ path: `os${file}` });
        const mode = typeof part === "object" && "content" in part ? part.mode.toString(8).padStart(4, "0") : undefined;
        if (file.startsWith(`${UNITS}/`)) units.push({ name: path.basename(file), asset });
        else if (part === "/" || (typeof part === "object" && "content" in part && part.content === "/"))
            tree[file] = { directory: true, mode };
        else if (typeof part === "string" && part.startsWith("-> ")) tree[file] = { symlink: part.slice(3) };
        else tree[file] = { asset, mode };
    }
    return { files: { units, tree } };
}
