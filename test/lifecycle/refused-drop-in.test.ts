import { dirname } from "node:path";
import { failure, type Json } from "./deployment";
import { mainPid, makeToyService, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { provider, host, connection } = helloHost({
    toy: true,
    snapshot: true,
    prepare: () => makeToyService(host, "stiff", { execReload: "" }),
});

const toy = (inputs: Json = {}): Json => ({
    unit: "toy.service",
    ...("text" in inputs ? {} : { sections: { Service: { Environment: { A: "1" } } } }),
    connection,
    ...inputs,
});

/** What `up` of a new drop-in says; it must fail before anything was touched. */
async function refusal(inputs: Json): Promise<string> {
    const failed = await failure(provider.resource("DropIn", "bad").up(inputs));
    expect(failed.isPartial).toBe(false);
    return failed.message;
}
const at = (property: string) => `DropIn bad, property ${property}, host ${host.address}:`;

test("a unit that isn't there", async () => {
    expect(await refusal(toy({ unit: "tyo.service" }))).toBe(
        `${at("unit")} there is no unit tyo.service. If an AttachedService installs it, name that in dependsOn.`,
    );
});

test("a setting that systemd doesn't know, or a value that it can't read", async () => {
    const refused =
        "systemd wouldn't take the drop-in as it is. Nothing was changed. It reported: toy.service.d/override.conf";
    expect(await refusal(toy({ sections: { Service: { Environmnt: "A=1" } } }))).toBe(
        `${at("sections")} ${refused}:2: Unknown key 'Environmnt' in section [Service], ignoring.`,
    );
    // systemd 262 says it in other words.
    const unread =
        "(Failed to parse service restart specifier, ignoring: often|Failed to parse Restart=often, ignoring: .*)";
    expect(await refusal(toy({ text: "[Service]\nRestart=often\n" }))).toMatch(
        new RegExp(`^${at("text")} ${refused}:2: ${unread}$`),
    );
    expect(await refusal(toy({ text: "Restart=always\n" }))).toBe(
        `${at("text")} ${refused}:1: Assignment outside of section. Ignoring.`,
    );
});

test("a file, or a drop-in, that is there already and isn't ours", async () => {
    const path = "/etc/systemd/system/toy.service.d/override.conf";
    await onHost(host, `mkdir ${dirname(path)}; echo '[Service]' >${path}`);
    const dropIn = await refusal(toy());
    await onHost(host, `rm -r ${dirname(path)}`);
    expect(dropIn).toBe(
        `${at("name")} ${path} exists already, and no stack of ours wrote it. Move it away there, or give the drop-in another \`name\`; nothing was changed.`,
    );
    expect(await refusal(toy({ files: { "/etc/hostname": { content: "mine" } } }))).toBe(
        `${at('files["/etc/hostname"]')} /etc/hostname exists already, and no stack of ours wrote it. Move it away there, or give the file another path; nothing was changed.`,
    );
});

test("a file or a drop-in that another resource owns", async () => {
    const owner = provider.resource("DropIn", "the owner");
    const files = { "/etc/toy/its config": { content: "its" } };
    await owner.up(toy({ files }));
    const file = await refusal(toy({ name: "other.conf", files }));
    const dropIn = await refusal(toy());
    const content = await onHost(host, "cat '/etc/toy/its config'");
    await owner.destroy();
    expect(file).toBe(
        `${at('files["/etc/toy/its config"]')} /etc/toy/its config belongs to ${owner.urn}. One file has one owner: give the file another path.`,
    );
    expect(dropIn).toBe(
        `${at("name")} /etc/systemd/system/toy.service.d/override.conf belongs to ${owner.urn}. One file has one owner: give the drop-in another \`name\`.`,
    );
    expect(content).toBe("its");
});

test("a file for an owner that the host doesn't know, or below a file", async () => {
    const todo = "Make that right there, or change the program; nothing was changed.";
    expect(await refusal(toy({ files: { "/etc/toy/config": { content: "", owner: "nosuch" } } }))).toBe(
        `${at('files["/etc/toy/config"]')} /etc/toy/config can't be made: there is no user nosuch. ${todo}`,
    );
    expect(await refusal(toy({ files: { "/etc/toy/config": { content: "", group: "nosuch" } } }))).toBe(
        `${at('files["/etc/toy/config"]')} /etc/toy/config can't be made: there is no group nosuch. ${todo}`,
    );
    expect(await refusal(toy({ files: { "/etc/hostname/config": { content: "" } } }))).toBe(
        `${at('files["/etc/hostname/config"]')} /etc/hostname/config can't be made: /etc/hostname isn't a directory. ${todo}`,
    );
});

test("a reload of a unit that can't, unless the drop-in itself brings a way", async () => {
    const withoutReload = toy({ unit: "stiff.service", onChange: "reload" });
    expect(await refusal(withoutReload)).toBe(
        `${at("onChange")} stiff.service can't be reloaded: it has no ExecReload=. Use \`onChange: "restart"\`, or set ExecReload= in the drop-in; nothing was changed.`,
    );
    const pid = await mainPid(host, "stiff.service");
    const limber = provider.resource("DropIn", "limber");
    await limber.up({ ...withoutReload, sections: { Service: { ExecReload: "/bin/true" } } });
    expect(await mainPid(host, "stiff.service")).toBe(pid);
    await limber.destroy();
});

test("what Check can tell without the host", async () => {
    expect(await refusal(toy({ unit: "toy" }))).toBe(
        "Property unit: isn't the name of a unit: it needs a suffix such as .service or .socket, and only letters, digits and : - _ . \\ @.",
    );
    expect(await refusal(toy({ sections: { Service: { Environment: { "1A": "x" } } } }))).toBe(
        `Property sections.Service.Environment["1A"]: '1A' can't be the name of an environment variable: letters, digits and _ only, and no digit first.`,
    );
    expect(await refusal(toy({ files: { "etc/x": { content: "" } } }))).toBe(
        `Property files["etc/x"]: isn't an absolute path of a file.`,
    );
    expect(await refusal(toy({ files: { "/etc/x": { content: "", mode: "644" } } }))).toBe(
        `Property files["/etc/x"].mode: isn't a mode: four octal digits such as 0644.`,
    );
    expect(await refusal({ unit: "toy.service", connection })).toBe(
        "Needs either `sections` or `text`, exactly one of them.",
    );
});
