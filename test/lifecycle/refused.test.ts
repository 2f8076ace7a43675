import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { elfFile } from "../image/elf/elf-file";
import { failure, fileAsset, type Json } from "./deployment";
import { image, inlineName, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { program, provider, host, connection } = helloHost({
    snapshot: true,
    prepare: () => hello.up(image(connection)),
    keep: () => [hello],
});
const hello = provider.resource("PortableImage", "hello");

/** The error of an `up` with a new resource, which must fail before anything changes on the host. */
async function refusal(type: "PortableImage" | "AttachedService", inputs: Json): Promise<string> {
    const failed = await failure(provider.resource(type, "bad").up(inputs));
    expect(failed.isPartial).toBe(false);
    return failed.message;
}
const service = (inputs: Json = {}): Json => ({ image: hello.outputs.path, connection, ...inputs });
const placeOf = (property: string) => `AttachedService bad, property ${property}, host ${host.address}:`;

describe("refused is an image", () => {
    const raw = (fields: Json) => ({ version: "1", source: { raw: { path: "ready.raw", ...fields } }, connection });

    test("with units whose names lack its name as prefix", async () => {
        const [first] = (await refusal("PortableImage", { ...image(connection), name: "world" })).split("\n");
        expect(first).toBe(
            "Property source.files.units[0]: Unit 'hello.service' doesn't belong to image 'world': portablectl attaches world.service, world-*.service, world.*.service and world@*.service only. Rename the unit, or set the image's `name`.",
        );
    });

    test("with a unit file that doesn't exist", async () => {
        const source = { files: { units: ["units/bad.service"] } };
        expect(await refusal("PortableImage", { version: "1", source, connection })).toBe(
            `Property source.files.units[0]: There is no 'units/bad.service' (${program.directory}/units/bad.service). Make it, or correct the path. Relative paths start at the program's directory.`,
        );
    });

    describe("given as a file", () => {
        const file = () => join(program.directory, "ready.raw");
        /** Packs the programs as a squashfs image. */
        const pack = () =>
            execFileSync("mksquashfs", [join(program.directory, "bin"), file(), "-quiet", "-no-progress"]);
        afterEach(() => rmSync(file(), { force: true }));

        test("that doesn't exist", async () => {
            expect(await refusal("PortableImage", raw({}))).toBe(
                `Property source.raw.path: There is no 'ready.raw' (${file()}). Make it, or correct the path. Relative paths start at the program's directory.`,
            );
        });

        test("with another digest", async () => {
            pack();
            const digest = createHash("sha256").update(readFileSync(file())).digest("hex");
            expect(await refusal("PortableImage", raw({ sha256: "0".repeat(64) }))).toBe(
                `Property source.raw.sha256: The image's SHA-256 is ${digest}, not ${"0".repeat(64)}. Get the right file, or correct the digest.`,
            );
        });

        test("that is truncated", async () => {
            pack();
            truncateSync(file(), 10_000);
            expect(await refusal("PortableImage", raw({}))).toMatch(
                /^Property source.raw.path: '.*ready.raw' is cut short: 10000 of \d+ bytes are there. Copy or build it again.$/,
            );
        });

        test("that is no image", async () => {
            writeFileSync(file(), Buffer.alloc(100_000));
            expect(await refusal("PortableImage", raw({}))).toBe(
                `Property source.raw.path: '${file()}' is not a disk image that portablectl attaches: a squashfs, erofs, ext4, btrfs or xfs file system, or a GPT partition table.`,
            );
        });
    });
});

test("an image for another architecture is refused before the upload", async () => {
    writeFileSync(join(program.directory, "bin/other"), elfFile({ machine: 183 }), { mode: 0o755 });
    const source = {
        files: {
            units: [{ name: "bad.service", text: "[Service]\nExecStart=/usr/bin/other\n" }],
            tree: { "/usr/bin/other": { asset: fileAsset("bin/other") } },
        },
    };
    expect(await refusal("PortableImage", { version: "1", source, connection })).toBe(
        `PortableImage bad, property source, host ${host.address}: the image's programs are for arm64, and the host is for x86-64. Build the programs for that, or give a host of the other kind; nothing was uploaded.`,
    );
});

describe("refused is a service", () => {
    test("with a property that doesn't exist", async () => {
        expect(await refusal("AttachedService", service({ profil: "default" }))).toBe(
            "Property profil: there is no such property; did you mean profile?",
        );
    });

    test("with a profile that isn't on the host", async () => {
        expect(await refusal("AttachedService", service({ profile: "typo" }))).toBe(
            `${placeOf("profile")} there is no profile typo on the host, and portabled would attach without any sandbox. Use one of default, nonetwork, strict, trusted, or add it to \`files\` as /etc/systemd/portable/profile/typo/service.conf.`,
        );
    });

    test("of an image that isn't on the host", async () => {
        expect(await refusal("AttachedService", service({ image: "/var/lib/portables/none_1.raw" }))).toBe(
            `${placeOf("image")} there is no image /var/lib/portables/none_1.raw. Give the \`path\` of a PortableImage with the same connection, or run \`pulumi up --refresh\` when it was removed by hand. It reported: No such file or directory`,
        );
    });

    test("with a drop-in or an override for a unit that the image lacks", async () => {
        expect(await refusal("AttachedService", service({ dropIns: [inlineName("x", "helo.service")] }))).toBe(
            `${placeOf("dropIns[0].unit")} the image ${hello.outputs.path} has no unit helo.service. It has hello.service, hello.socket.`,
        );
        expect(await refusal("AttachedService", service({ units: { "hello.timer": { start: false } } }))).toBe(
            `${placeOf('units["hello.timer"]')} the image ${hello.outputs.path} has no unit hello.timer. It has hello.service, hello.socket.`,
        );
    });

    test("whose file exists already and has no owner", async () => {
        expect(await refusal("AttachedService", service({ files: { "/etc/hostname": { content: "mine" } } }))).toBe(
            `${placeOf('files["/etc/hostname"]')} /etc/hostname exists already, and no stack of ours wrote it. Move it away there, or give the file another path; nothing was changed.`,
        );
    });

    test("whose file has an owner that doesn't exist on the host", async () => {
        const files = { "/etc/hello/x": { content: "mine", owner: "nosuch" } };
        expect(await refusal("AttachedService", service({ files }))).toBe(
            `${placeOf('files["/etc/hello/x"]')} /etc/hello/x can't be made: there is no user nosuch. Make that right there, or change the program; nothing was changed.`,
        );
    });

    test("with a drop-in that systemd can't parse", async () => {
        const dropIns = [{ unit: "hello.service", sections: { Service: { Environmnt: "A=1" } } }];
        expect(await refusal("AttachedService", service({ dropIns }))).toBe(
            `${placeOf("dropIns[0].sections")} systemd wouldn't take the drop-in as it is. Nothing was changed. It reported: hello.service.d/50-portable.conf:2: Unknown key 'Environmnt' in section [Service], ignoring.`,
        );
    });
});

describe("whose name is taken on the host by", () => {
    test("a unit of its own", async () => {
        const file = "/etc/systemd/system/hello.service";
        await onHost(host, `printf '[Service]\\nExecStart=/bin/true\\n' >${file}; systemctl daemon-reload`);
        const text = await refusal("AttachedService", service());
        await onHost(host, `rm ${file}; systemctl daemon-reload`);
        expect(text).toBe(
            `${placeOf("image")} the host has a unit hello.service of its own (${file}). Rename the image and its units, for example to helloapp: the name hello of the image is the prefix of every unit in it.`,
        );
    });

    test("an image that was attached by hand", async () => {
        await onHost(host, `portablectl -q attach ${hello.outputs.path}`);
        const text = await refusal("AttachedService", service());
        await onHost(host, `portablectl -q detach ${hello.outputs.path}; rmdir /etc/portables`);
        expect(text).toBe(
            `${placeOf("image")} an image named hello is attached already, and not by a stack: ${hello.outputs.path}. Import it with \`pulumi import\`, or detach it there (\`portablectl detach ${hello.outputs.path}\`).`,
        );
    });

    test("a service that another resource owns", async () => {
        const owner = provider.resource("AttachedService", "hello");
        await owner.up(service());
        const text = await refusal("AttachedService", service());
        await owner.destroy();
        expect(text).toBe(
            `${placeOf("image")} the service hello belongs to ${owner.urn}. One service has one owner: destroy it there, or give the image another name. If it is the same resource under another name, give it the option \`aliases: ["${owner.urn}"]\`.`,
        );
    });
});

test("the image can be destroyed afterwards", () => hello.destroy());
