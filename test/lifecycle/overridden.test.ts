import type { HostContext } from "../../provider/contract";
import type { Host } from "../../provider/host/host";
import { warnOfOverriddenSettings } from "../../provider/resources/overridden";
import { image, inlineName, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { provider, host, connection } = helloHost({ toy: true, snapshot: true });

/** Writes a drop-in as an administrator of the host does. */
const writeByHand = (path: string, text: string) =>
    onHost(host, `mkdir -p "$(dirname ${path})"; cat >${path}; systemctl daemon-reload`, text);
const removeByHand = (path: string) => onHost(host, `rm ${path}; systemctl daemon-reload`);
const removeDirectory = (path: string) => onHost(host, `rm -rf ${path}; systemctl daemon-reload`);

let seen = 0;
const newWarnings = () => {
    const warnings = provider.warnings().slice(seen);
    seen += warnings.length;
    return warnings;
};
const warning = (setting: string, path: string, unit: string, later: string) =>
    `${setting} of ${path} has no effect in ${unit} on ${host.address}: ${later}, which systemd reads after it, sets it, too. Give the drop-in a name that comes after that one's, or remove the setting there.`;

test("a setting that a later drop-in of the host sets, too, is warned of", async () => {
    const directory = "/etc/systemd/system/toy.service.d";
    await writeByHand(`${directory}/zz.conf`, "[Service]\nNice=0\nEnvironment=B=2\n");
    const dropIn = provider.resource("DropIn", "toy");
    const sections = { Service: { Nice: 5, Environment: { A: "1" } } };
    await dropIn.up({ unit: "toy.service", sections, connection });
    expect(await onHost(host, "systemctl show -p Nice,Environment toy.service")).toBe("Environment=A=1 B=2\nNice=0");
    expect(newWarnings()).toEqual([
        warning("Nice=", `${directory}/override.conf`, "toy.service", `${directory}/zz.conf`),
    ]);
    await dropIn.destroy();
    await removeDirectory(directory);
});

test("so is a later drop-in that a template's instances read", async () => {
    await writeByHand("/etc/systemd/system/many@.service", "[Service]\nExecStart=/bin/sleep infinity\n");
    const directory = "/etc/systemd/system/many@.service.d";
    await writeByHand(`${directory}/zz.conf`, "[Service]\nNice=0\n");
    const dropIn = provider.resource("DropIn", "many");
    await dropIn.up({ unit: "many@.service", sections: { Service: { Nice: 5 } }, connection });
    expect(newWarnings()).toEqual([
        warning("Nice=", `${directory}/override.conf`, "many@.service", `${directory}/zz.conf`),
    ]);
    await dropIn.destroy();
    await removeDirectory(`${directory} /etc/systemd/system/many@.service`);
});

test("a property that was set by systemctl set-property is overridden by a drop-in of a later name", async () => {
    await onHost(host, "systemctl set-property toy.service MemoryMax=1G");
    const dropIn = provider.resource("DropIn", "toy");
    await dropIn.up({ unit: "toy.service", sections: { Service: { MemoryMax: "2G" } }, connection });
    expect(await onHost(host, "systemctl show -p MemoryMax --value toy.service")).toBe(`${2 ** 31}`);
    expect(newWarnings()).toEqual([]);
    await dropIn.destroy();
    await removeDirectory("/etc/systemd/system.control");
});

test("drop-ins of a service may be layered, but a later one of the host is warned of", async () => {
    const hello = provider.resource("PortableImage", "hello");
    const service = provider.resource("AttachedService", "hello");
    await hello.up(image(connection));
    const directory = "/etc/systemd/system/hello.service.d";
    const layered = { ...inlineName("layer"), name: "60-layer.conf" };
    const up = (name: string) =>
        service.up({ image: hello.outputs.path, dropIns: [inlineName(name), layered], connection });
    await writeByHand(`${directory}/override.conf`, "[Service]\nEnvironment=NAME=host\n");
    await up("one");
    expect(newWarnings()).toEqual(
        ["50-portable.conf", "60-layer.conf"].map((name) =>
            warning("Environment=NAME", `${directory}/${name}`, "hello.service", `${directory}/override.conf`),
        ),
    );
    await removeByHand(`${directory}/override.conf`);
    await up("two");
    expect(newWarnings()).toEqual([]);
    await service.destroy();
    await hello.destroy();
    await removeDirectory(directory);
});

test("an update that has succeeded doesn't fail if the connection breaks before the later drop-ins are read", async () => {
    const warn = jest.fn();
    const context = { warn, status: () => {}, signal: new AbortController().signal } as unknown as HostContext;
    const broken = { name: "web1", run: () => Promise.reject(new Error("broken")) } as unknown as Host;
    const later = [{ unit: "toy.service", path: "/a.conf", text: "[Service]\nNice=5\n", later: ["/b.conf"] }];
    await warnOfOverriddenSettings(context, broken, { token: "t", nonce: "n", urn: "u" }, later);
    expect(warn).not.toHaveBeenCalled();
});
