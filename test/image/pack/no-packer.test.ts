import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { UNKNOWN_STRING } from "../../../provider/protocol/wire";
import { type Deployment, failure, fileAsset, type Json } from "../../lifecycle/deployment";
import { Provider } from "../../lifecycle/provider";
import { PROGRAM, workspace } from "../workspace";

/* The provider on a machine without mksquashfs or mkfs.erofs. */

const INSTALL = {
    squashfs:
        "mksquashfs, which packs the image, is not installed. Install squashfs-tools 4.5 or later on the machine that runs Pulumi: `apt install squashfs-tools`, `dnf install squashfs-tools`, `brew install squashfs`, `nix profile install nixpkgs#squashfsTools`.",
    erofs: "mkfs.erofs, which packs the image, is not installed. Install erofs-utils 1.5 or later on the machine that runs Pulumi: `apt install erofs-utils`, `dnf install erofs-utils`, `brew install erofs-utils`; or leave `format` at squashfs.",
};

let provider: Provider;
let image: Deployment;
beforeAll(async () => {
    const directory = workspace({ "bin/hello": PROGRAM });
    const bin = path.join(workspace(), "bin");
    mkdirSync(bin);
    for (const name of ["node", "sh", "env"])
        symlinkSync(
            execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(),
            path.join(bin, name),
        );
    provider = await Provider.start({ directory, environment: { PATH: bin } });
    image = provider.resource("PortableImage", "hello");
});

const inputs = (format: string): Json => ({
    version: "1.0",
    format,
    source: {
        files: {
            units: [{ name: "hello.service", text: "[Service]\nExecStart=/usr/bin/hello\n" }],
            tree: { "/usr/bin/hello": { asset: fileAsset("bin/hello"), mode: "0755" } },
        },
    },
    // Nothing listens on this port.
    connection: { host: "127.0.0.1", port: 1, dialErrorLimit: 1 },
});

describe.each(["squashfs", "erofs"] as const)("without the packer of %s", (format) => {
    test("a preview shows the contents of the image and the package to install", async () => {
        provider.warnings({ clear: true });
        const { operation, properties } = await image.preview(inputs(format));
        expect(operation).toBe("create");
        expect(properties).toMatchObject({
            path: UNKNOWN_STRING,
            digest: UNKNOWN_STRING,
            sizeBytes: UNKNOWN_STRING,
            sourceDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
            unitTexts: { "hello.service": "[Service]\nExecStart=/usr/bin/hello\n" },
            contents: { "/usr/bin/hello": expect.stringMatching(/^0755, 64 B/) },
        });
        expect(provider.warnings()).toEqual([
            `${INSTALL[format]} This preview goes without the path and digest of the image; \`pulumi up\` needs it.`,
        ]);
    });

    test("`up` fails with the same sentence", async () => {
        const { message, isPartial } = await failure(image.up(inputs(format)));
        expect(isPartial).toBe(false);
        expect(message).toBe(`PortableImage hello: ${INSTALL[format]}`);
    });
});
