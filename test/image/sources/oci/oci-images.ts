import path from "node:path";
import { buildImage, resolveSource } from "../../../../provider/image/image";
import type { OciSource } from "../../../../provider/image/sources/oci/schema";
import { Store } from "../../../../provider/image/store/store";
import { listing } from "../../listing";
import { placed } from "../../sentences";
import { PROGRAM, workspace } from "../../workspace";
import { type ImageParts, type LayerEntry, layoutFiles, writeFiles } from "./oci-layout";

export const HELLO: ImageParts & { layers: [Record<string, LayerEntry>] } = {
    layers: [{ "usr/bin/": {}, "usr/bin/hello": { mode: 0o755, content: PROGRAM } }],
    config: { Entrypoint: ["/usr/bin/hello"] },
};

/** Registers hooks that give each test a new store. */
export function useOwnStore(): void {
    beforeEach(() => {
        process.env.PORTABLE_STORE = workspace();
    });
    afterAll(() => {
        delete process.env.PORTABLE_STORE;
    });
}

export async function place(...images: ImageParts[]) {
    const programDirectory = workspace();
    writeFiles(path.join(programDirectory, "image"), await layoutFiles(images));
    return { programDirectory, name: "hello", version: "1" };
}

export type Args = Awaited<ReturnType<typeof place>>;

export async function messages(oci: OciSource, args: Args): Promise<string[]> {
    const { failures, warnings } = await resolveSource({ oci }, args);
    return placed([...failures, ...warnings]).filter((message) => message.startsWith("source.oci"));
}

export async function packed(args: Args, oci: OciSource = { layout: "image" }): Promise<string[]> {
    const { file } = await buildImage({ oci }, args, new Store(workspace()));
    return listing(file)
        .map((line) => line.replace(" 0/0", ""))
        .filter((line) => / \/(app|usr\/bin|opt)/.test(line));
}

export async function unitText(config: Record<string, unknown>, files = HELLO.layers[0]): Promise<unknown> {
    const args = await place({ layers: [files], config });
    const { unitTexts } = await resolveSource({ oci: { layout: "image" } }, args);
    return (unitTexts as Record<string, string>)["hello.service"];
}
