import { buildImage, resolveSource } from "../../../provider/image/image";
import type { Source } from "../../../provider/image/sources/source";
import { Store } from "../../../provider/image/store/store";
import { listing } from "../listing";
import { placed } from "../sentences";
import { workspace } from "../workspace";

const args = () => ({ name: "hello-french", extends: "hello", version: "1", programDirectory: workspace() });
const french = { "/usr/share/hello/fr": { content: "Bonjour\n" } };

async function messages(source: Source, over: Partial<ReturnType<typeof args>> = {}) {
    const { failures } = await resolveSource(source, { ...args(), ...over });
    return placed(failures);
}

test("an extension has only the files that it adds and its extension-release file", async () => {
    const unit = {
        name: "hello-french.service",
        text: "[Service]\nExecStart=/usr/bin/hello fr\nStateDirectory=hello\n",
    };
    const built = await buildImage({ files: { units: [unit], tree: french } }, args(), new Store(workspace()));
    expect(listing(built.file)).toEqual([
        "drwxr-xr-x 0/0 /",
        "drwxr-xr-x 0/0 /usr",
        "drwxr-xr-x 0/0 /usr/lib",
        "drwxr-xr-x 0/0 /usr/lib/extension-release.d",
        "-rw-r--r-- 0/0 /usr/lib/extension-release.d/extension-release.hello-french",
        "drwxr-xr-x 0/0 /usr/lib/systemd",
        "drwxr-xr-x 0/0 /usr/lib/systemd/system",
        "-rw-r--r-- 0/0 /usr/lib/systemd/system/hello-french.service",
        "drwxr-xr-x 0/0 /usr/share",
        "drwxr-xr-x 0/0 /usr/share/hello",
        "-rw-r--r-- 0/0 /usr/share/hello/fr",
    ]);
    expect(built.unitTexts).toEqual({ "hello-french.service": unit.text });
});

test("an extension without a unit draws a warning, as only the units of extensions see their files", async () => {
    const { failures, warnings } = await resolveSource({ files: { units: [], tree: french } }, args());
    expect(failures).toEqual([]);
    expect(placed(warnings)).toEqual([
        "source.files.units: This extension has no unit. systemd lays extensions over an image for the units of extensions alone: those of the image itself don't see its files. Move a unit from the image into the extension, or put the files into the image.",
    ]);
});

test("faults are reported", async () => {
    const unit = { name: "other.service", text: "[Service]\nExecStart=/usr/bin/hello\n" };
    expect(await messages({ files: { units: [unit], tree: french } })).toEqual([
        expect.stringContaining("source.files.units[0]: Unit 'other.service' doesn't belong to image 'hello'"),
    ]);
    expect(await messages({ files: { units: [], tree: { ...french, "/etc/hello": { content: "" } } } })).toEqual([
        "source.files: An extension adds to /usr and /opt only, and this one has /etc/hello. Move them there, or give them to the image itself.",
    ]);
    expect(await messages({ files: { units: [], tree: { "/usr/lib/os-release": { content: "" } } } })).toEqual([
        "source.files: /usr/lib/os-release of an extension would take the place of the image's own. Remove it.",
    ]);
    expect(await messages({ oci: { layout: "x" } })).toContain(
        "extends: An extension is made from `files`. Set `extends` only there.",
    );
    expect(await messages({ files: { units: [], tree: french } }, { extends: "a_b" })).toEqual([
        expect.stringMatching(/^extends: Image name 'a_b' can't hold an underscore/),
    ]);
});
