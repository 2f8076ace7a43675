import { resolveSource } from "../../../../provider/image/image";
import type { OciSource } from "../../../../provider/image/sources/oci/schema";
import { HELLO, messages, place, useOwnStore } from "./oci-images";
import type { LayerEntry } from "./oci-layout";

useOwnStore();

const OWN = "[Service]\nExecStart=/usr/bin/hello --own\n";
const SERVICE = { "usr/lib/systemd/system/hello.service": OWN };
const DEBUG = { "usr/lib/systemd/system/hello-debug.service": OWN };
const OVERRIDDEN = { "etc/systemd/system/hello.service": "[Service]\nExecStart=/usr/bin/hello --etc\n" };
const LINK: Record<string, LayerEntry> = {
    "usr/lib/systemd/system/hello.service": { type: "symlink", linkname: "../../hello.service" },
    "usr/lib/hello.service": OWN,
};
const USER_UNIT = { name: "hello.service", text: "[Service]\nExecStart=/usr/bin/hello --user\n" };

/** The program of each unit by the unit's name, and the messages. */
async function unitsOf(
    files: Record<string, LayerEntry>,
    config: Record<string, unknown>,
    more: Partial<OciSource> = {},
) {
    const args = await place({ layers: [HELLO.layers[0] ?? {}, files], config });
    const oci = { layout: "image", ...more };
    const { unitTexts } = await resolveSource({ oci }, args);
    const programs = Object.entries(unitTexts as Record<string, string>).map(
        ([name, text]) => `${name}: ${/^ExecStart=(.*)$/m.exec(text)?.[1]}`,
    );
    return { programs: programs.sort(), messages: await messages(oci, args) };
}

const leftOut = (paths: string) =>
    `source.oci: The container image has units of its own, which are left out: ${paths}. The one made from its ENTRYPOINT, CMD and so on takes their place. To use one of them, give its text in \`units\`.`;

test.each<[string, Record<string, LayerEntry>, string]>([
    ["of the same name", SERVICE, "/usr/lib/systemd/system/hello.service"],
    ["that the administrator's directory has", OVERRIDDEN, "/etc/systemd/system/hello.service"],
    ["of another name", DEBUG, "/usr/lib/systemd/system/hello-debug.service"],
    ["that is a link", LINK, "/usr/lib/systemd/system/hello.service"],
])("ENTRYPOINT is the service, not a unit in the container image %s", async (_, files, paths) => {
    expect(await unitsOf(files, HELLO.config ?? {})).toEqual({
        programs: ["hello.service: /usr/bin/hello"],
        messages: [leftOut(paths)],
    });
});

test("a unit of the user replaces the image's, and the others stay", async () => {
    expect(await unitsOf({ ...SERVICE, ...OVERRIDDEN, ...DEBUG }, HELLO.config ?? {}, { units: [USER_UNIT] })).toEqual({
        programs: ["hello-debug.service: /usr/bin/hello --own", "hello.service: /usr/bin/hello --user"],
        messages: [],
    });
});

test.each<[string, Record<string, unknown>]>([
    ["no program", {}],
    ["the shell of its base image", { Cmd: ["/bin/bash"] }],
    ["an init system", { Cmd: ["/sbin/init"] }],
])("a container image that names %s has its own units", async (_, config) => {
    expect(await unitsOf({ ...SERVICE, ...DEBUG }, config)).toEqual({
        programs: ["hello-debug.service: /usr/bin/hello --own", "hello.service: /usr/bin/hello --own"],
        messages: [],
    });
    expect((await unitsOf(LINK, config)).programs).toEqual(["hello.service: /usr/bin/hello --own"]);
});

test("an image that names no program and has no unit is refused", async () => {
    expect(await unitsOf({ "usr/lib/systemd/system/other.service": OWN }, {})).toEqual({
        programs: [],
        messages: [
            "source.oci: The container image has neither ENTRYPOINT nor CMD, nor a unit of 'hello', so what to run isn't known. Give `units`.",
        ],
    });
});
