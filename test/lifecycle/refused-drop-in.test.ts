import { dirname } from "node:path";
import { failure, type Json } from "./deployment";
import { mainPid, makeToyService, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { provider, host, connection } = helloHost({
    toy: true,
    snapshot: true,
    prepare: async () => {
        await makeToyService(host, "unreloadable", { execReload: "" });
        await onHost(host, "ln -sfn /nowhere /etc/dangling");
    },
});

const toy = (inputs: Json = {}): Json => ({
    unit: "toy.service",
    ...("text" in inputs ? {} : { sections: { Service: { Environment: { A: "1" } } } }),
    connection,
    ...inputs,
});

/** The error of an `up` with a new drop-in, which must fail before anything changes on the host. */
async function refusal(inputs: Json): Promise<string> {
    const failed = await failure(provider.resource("DropIn", "bad").up(inputs));
    expect(failed.isPartial).toBe(false);
    return failed.message;
}
const placeOf = (property: string) => `DropIn bad, property ${property}, host ${host.address}:`;

test("a unit that doesn't exist is refused", async () => {
    expect(await refusal(toy({ unit: "tyo.service" }))).toBe(
        `${placeOf("unit")} there is no unit tyo.service. If an AttachedService installs it, name that in dependsOn.`,
    );
});

const refused =
    "systemd wouldn't take the drop-in as it is. Nothing was changed. It reported: toy.service.d/override.conf";

test("a setting that systemd doesn't know is refused", async () => {
    expect(await refusal(toy({ sections: { Service: { Environmnt: "A=1" } } }))).toBe(
        `${placeOf("sections")} ${refused}:2: Unknown key 'Environmnt' in section [Service], ignoring.`,
    );
});

test("a value that systemd can't parse is refused", async () => {
    // systemd 262 prints the second form.
    const unread =
        "(Failed to parse service restart specifier, ignoring: often|Failed to parse Restart=often, ignoring: .*)";
    expect(await refusal(toy({ text: "[Service]\nRestart=often\n" }))).toMatch(
        new RegExp(`^${placeOf("text")} ${refused}:2: ${unread}$`),
    );
});

test("a systemd-analyze that doesn't end is killed, and the drop-in is refused", async () => {
    const program = "/usr/bin/systemd-analyze";
    await onHost(
        host,
        `mv ${program} ${program}.away; printf '#!/bin/sh\\nexec sleep 100\\n' >${program}; chmod +x ${program}`,
    );
    const dropIn = provider.resource("DropIn", "bad");
    dropIn.timeoutSeconds = 6;
    const failed = await failure(dropIn.up(toy()));
    await onHost(host, `mv ${program}.away ${program}`);
    expect(failed.isPartial).toBe(false);
    // Of the 6 s, the steps before it have taken some.
    expect(failed.message).toMatch(/hasn't ended on the host after [123] s\. Run it there/);
});

test("a setting outside of a section is refused", async () => {
    expect(await refusal(toy({ text: "Restart=always\n" }))).toBe(
        `${placeOf("text")} ${refused}:1: Assignment outside of section. Ignoring.`,
    );
});

test("a drop-in that exists already and has no owner is refused", async () => {
    const path = "/etc/systemd/system/toy.service.d/override.conf";
    await onHost(host, `mkdir ${dirname(path)}; echo '[Service]' >${path}`);
    const dropIn = await refusal(toy());
    await onHost(host, `rm -r ${dirname(path)}`);
    expect(dropIn).toBe(
        `${placeOf("name")} ${path} exists already, and no stack of ours wrote it. Move it away there, or give the drop-in another \`name\`; nothing was changed.`,
    );
});

test("a file that exists already and has no owner is refused", async () => {
    expect(await refusal(toy({ files: { "/etc/hostname": { content: "mine" } } }))).toBe(
        `${placeOf('files["/etc/hostname"]')} /etc/hostname exists already, and no stack of ours wrote it. Move it away there, or give the file another path; nothing was changed.`,
    );
});

test("a file or a drop-in that another resource owns is refused", async () => {
    const owner = provider.resource("DropIn", "the owner");
    const files = { "/etc/toy/its config": { content: "its" } };
    await owner.up(toy({ files }));
    const file = await refusal(toy({ name: "other.conf", files }));
    const dropIn = await refusal(toy());
    const content = await onHost(host, "cat '/etc/toy/its config'");
    await owner.destroy();
    expect(file).toBe(
        `${placeOf('files["/etc/toy/its config"]')} /etc/toy/its config belongs to ${owner.urn}. One file has one owner: give the file another path.`,
    );
    expect(dropIn).toBe(
        `${placeOf("name")} /etc/systemd/system/toy.service.d/override.conf belongs to ${owner.urn}. One file has one owner: give the drop-in another \`name\`.`,
    );
    expect(content).toBe("its");
});

describe("a file that can't be made is refused", () => {
    const todo = "Make that right there, or change the program; nothing was changed.";

    test.each([
        ["its user doesn't exist on the host", "/etc/toy/config", { owner: "nosuch" }, "there is no user nosuch"],
        ["its group doesn't exist on the host", "/etc/toy/config", { group: "nosuch" }, "there is no group nosuch"],
        ["its parent is a file", "/etc/hostname/config", {}, "/etc/hostname isn't a directory"],
        ["its parent is a link to nothing", "/etc/dangling/config", {}, "/etc/dangling is a link to nothing"],
    ])("because %s", async (_, path, fields, reason) => {
        expect(await refusal(toy({ files: { [path]: { content: "", ...fields } } }))).toBe(
            `${placeOf(`files["${path}"]`)} ${path} can't be made: ${reason}. ${todo}`,
        );
    });
});

describe("a reload of a unit without ExecReload=", () => {
    const inputs = (sections: Json = {}) =>
        toy({
            unit: "unreloadable.service",
            onChange: "reload",
            ...(Object.keys(sections).length > 0 && { sections }),
        });

    test("is refused", async () => {
        expect(await refusal(inputs())).toBe(
            `${placeOf("onChange")} unreloadable.service can't be reloaded: it has no ExecReload=. Use \`onChange: "restart"\`, or set ExecReload= in the drop-in; nothing was changed.`,
        );
    });

    test("is possible if the drop-in itself sets ExecReload=", async () => {
        const pid = await mainPid(host, "unreloadable.service");
        const dropIn = provider.resource("DropIn", "reloadable");
        await dropIn.up(inputs({ Service: { ExecReload: "/bin/true" } }));
        expect(await mainPid(host, "unreloadable.service")).toBe(pid);
        await dropIn.destroy();
    });
});

test.each([
    [
        "a unit without a suffix",
        { unit: "toy" },
        "Property unit: isn't the name of a unit: it needs a suffix such as .service or .socket, and only letters, digits and : - _ . \\ @.",
    ],
    [
        "a variable whose name starts with a digit",
        { sections: { Service: { Environment: { "1A": "x" } } } },
        `Property sections.Service.Environment["1A"]: '1A' can't be the name of an environment variable: letters, digits and _ only, and no digit first.`,
    ],
    [
        "a file with a relative path",
        { files: { "etc/x": { content: "" } } },
        `Property files["etc/x"]: isn't an absolute path of a file.`,
    ],
    [
        "a mode of three digits",
        { files: { "/etc/x": { content: "", mode: "644" } } },
        `Property files["/etc/x"].mode: isn't a mode: four octal digits such as 0644.`,
    ],
    [
        "a file whose name is longer than a name can be",
        { files: { [`/etc/toy/${"é".repeat(128)}`]: { content: "" } } },
        `Property files["/etc/toy/${"é".repeat(128)}"]: has a name of 256 bytes in it, and a host takes 255 at most.`,
    ],
    [
        "a file with a path that is too long for a copy of it",
        { files: { [`/etc${`/${"a".repeat(200)}`.repeat(6)}`]: { content: "" } } },
        `Property files["/etc${`/${"a".repeat(200)}`.repeat(6)}"]: is 1210 bytes long, and may be 1024 at most.`,
    ],
    [
        "a file in too many directories",
        { files: { [`/etc${"/a".repeat(64)}`]: { content: "" } } },
        `Property files["/etc${"/a".repeat(64)}"]: has 65 parts, and may have 64 at most.`,
    ],
    [
        "a file with a line separator in its path",
        { files: { "/etc/\u2028": { content: "" } } },
        `Property files["/etc/\u2028"]: has a control character, such as a line break, in it.`,
    ],
    [
        "a file below another one",
        { files: { "/etc/toy/a/b": { content: "" }, "/etc/toy": { content: "" } } },
        `Property files["/etc/toy/a/b"]: is below /etc/toy, which is a file of the resource, too.`,
    ],
    [
        "a file in /proc",
        { files: { "/proc/x": { content: "" } } },
        `Property files["/proc/x"]: is no place for a file: what is there is made by the kernel.`,
    ],
    [
        "a file among the records",
        { files: { "/var/lib/pulumi-portable/files/x": { content: "" } } },
        `Property files["/var/lib/pulumi-portable/files/x"]: is among the provider's own records, /var/lib/pulumi-portable.`,
    ],
    [
        "a number that no user can have",
        { files: { "/etc/x": { content: "", owner: "4294967295" } } },
        `Property files["/etc/x"].owner: is no number of a user: the highest is 4294967294.`,
    ],
    [
        "the drop-in as a file",
        { files: { "/etc/systemd/system/toy.service.d/override.conf": { content: "" } } },
        `Property files["/etc/systemd/system/toy.service.d/override.conf"]: is a drop-in of the resource, whose text is declared there.`,
    ],
    [
        "the drop-in's directory as a file",
        { files: { "/etc/systemd/system/toy.service.d": { content: "" } } },
        `Property files["/etc/systemd/system/toy.service.d"]: is a directory of the drop-in /etc/systemd/system/toy.service.d/override.conf, and can't be a file, too.`,
    ],
    [
        "a drop-in that systemd wouldn't read",
        { name: ".hidden.conf" },
        "Property name: isn't the file name of a drop-in: it must end in .conf, without a directory, and systemd reads none that begins with a dot.",
    ],
    [
        "a drop-in with a name that is too long",
        { name: `${"a".repeat(251)}.conf` },
        "Property name: is too long: the name of a file may have 255 characters.",
    ],
    [
        "a unit whose directory of drop-ins has a name that is too long",
        { unit: `${"a".repeat(246)}.service` },
        "Property unit: is too long for a unit with drop-ins: the name of their directory may have 255 characters.",
    ],
    [
        "a NUL byte in the text",
        { text: "[Service]\nEnvironment=A=\0b\n" },
        "Property text: has a NUL byte in it, which only the content of a file can have.",
    ],
])("%s is refused without the host", async (_, fields: Json, expected) => {
    expect(await refusal(toy(fields))).toBe(expected);
});

test("a drop-in with neither sections nor text is refused without the host", async () => {
    expect(await refusal({ unit: "toy.service", connection })).toBe(
        "Needs either `sections` or `text`, exactly one of them.",
    );
});
