import { createCipheriv } from "node:crypto";
import { copyFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buildImage } from "../provider/image/image";
import { Store } from "../provider/image/store/store";
import { Asset } from "../provider/schema/values";

const hello = path.resolve(__dirname, "../examples/hello");

/**
 * examples/hello as an image whose page names the release, with so many megabytes besides that don't compress: about
 * what a program in Go and its data come to. All contenders deploy the same file.
 * @returns its path, named for the release
 */
export async function makeImage(directory: string, release: string, megabytes: number): Promise<string> {
    const ballast = path.join(directory, "ballast");
    const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
    writeFileSync(ballast, cipher.update(Buffer.alloc(megabytes * 1_000_000)));
    const { file } = await buildImage(
        {
            files: {
                units: ["units/hello.service", "units/hello.socket"],
                tree: {
                    "/usr/bin/hello": { asset: new Asset({ path: "bin/hello" }), mode: "0755" },
                    "/usr/share/hello/ballast": { asset: new Asset({ path: ballast }), mode: "0644" },
                    "/etc/hello/page.html": { content: `${release}: Hello, {$NAME}!\n` },
                },
                substitutions: { helloExe: "/usr/bin/hello" },
            },
        },
        { name: "hello", version: "1.0", programDirectory: hello },
        new Store(path.join(directory, "store")),
    );
    const image = path.join(directory, `hello_${release}.raw`);
    copyFileSync(file, image);
    return image;
}
