import { statSync } from "node:fs";
import { join } from "node:path";
import { fileAsset, type Json } from "./deployment";
import { atRest, image, onHost } from "./hello";
import { helloHost } from "./hello-host";

const BALLAST_BYTES = 8_000_000;

describe.each(["root", "deploy"])("an update of an image by %s", (user) => {
    const { program, provider, host, connection } = helloHost({ prepare: () => program.writeBallast(BALLAST_BYTES) });
    const pointer = provider.resource("PortableImage", "hello");

    function withBallast(mark: string): Json {
        const { source, ...rest } = image({ ...connection, user }, { mark });
        const { files } = source as { files: { tree: Json } };
        const tree = { ...files.tree, "/usr/share/ballast": { asset: fileAsset("ballast") } };
        return { ...rest, source: { files: { ...files, tree } } };
    }

    const path = () => String(pointer.outputs.path);
    const digestOnHost = () => onHost(host, `sha256sum <${path()} | cut -c 1-64`);
    /** Megabytes that the last upload sent; undefined if it sent the full image. */
    const uploadedMegabytes = () => {
        const arrivalText = provider.texts.match(/is on the host \(.*\)/g)?.at(-1);
        const [, megabytes] = /^is on the host \(8.* MB, ([\d.]+) MB of them uploaded\)$/.exec(arrivalText ?? "") ?? [];
        return megabytes === undefined ? undefined : Number(megabytes);
    };
    const receivedBy = async (work: () => Promise<unknown>) => {
        const count = () => onHost(host, "awk '$1 == \"host0:\" { print $2 }' /proc/net/dev");
        const before = Number(await count());
        await work();
        return Number(await count()) - before;
    };

    test("sends the full first image, and of the next one only what changed", async () => {
        await pointer.up(withBallast("one"));
        expect(uploadedMegabytes()).toBeUndefined();
        const bytes = await receivedBy(() => pointer.up(withBallast("two")));
        expect(await digestOnHost()).toBe(pointer.outputs.digest);
        expect(uploadedMegabytes()).toBeLessThan(0.5);
        expect(bytes).toBeLessThan(1_000_000);
        expect(await onHost(host, `stat -c '%U:%G %a' ${path()}`)).toBe("root:root 644");
        expect(
            await atRest(
                host,
                "ls -A /var/lib/portables /var/lib/pulumi-portable/incoming 2>/dev/null | grep part; true",
            ),
        ).toBe("");
    });

    test("sends the full image if the previous one is damaged or missing, or its index of chunks is", async () => {
        const damages = [
            `printf damaged | dd of=IMAGE bs=1 seek=3000000 conv=notrunc status=none`,
            `truncate -s 1000000 IMAGE`,
            `rm IMAGE`,
            `rm /var/lib/pulumi-portable/images/*/.chunks`,
            `for index in /var/lib/pulumi-portable/images/*/.chunks; do truncate -s 100 "$index"; done`,
        ];
        for (const [index, damage] of damages.entries()) {
            await atRest(host, damage.replaceAll("IMAGE", path()));
            await pointer.up(withBallast(`after ${index}`));
            expect(await digestOnHost()).toBe(pointer.outputs.digest);
            expect(uploadedMegabytes()).toBeUndefined();
        }
    });

    test("sends only what changed again after a full upload", async () => {
        await pointer.up(withBallast("again"));
        expect(await digestOnHost()).toBe(pointer.outputs.digest);
        expect(uploadedMegabytes()).toBeLessThan(0.5);
    });

    test("leaves nothing on the host after destroy", async () => {
        await pointer.destroy();
        expect(await atRest(host, "find /var/lib/portables /var/lib/pulumi-portable -mindepth 1; true")).toBe("");
        expect(statSync(join(program.directory, "ballast")).size).toBe(BALLAST_BYTES);
    });

    test("works where /var/lib/portables is a separate file system", async () => {
        await onHost(host, "mkdir -p /var/lib/portables && mount -t tmpfs -o mode=0700 tmpfs /var/lib/portables");
        for (const mark of ["one", "two"]) {
            await pointer.up(withBallast(mark));
            expect(await digestOnHost()).toBe(pointer.outputs.digest);
        }
        expect(uploadedMegabytes()).toBeLessThan(0.5);
        await pointer.destroy();
        await atRest(host, "umount /var/lib/portables");
    });
});
