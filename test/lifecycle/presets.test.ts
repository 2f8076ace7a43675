import { soon } from "../image/on-host";
import { sharedStore } from "../image/store/shared-store";
import { failure, fileAsset, type Json } from "./deployment";
import { connectionTo, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { program, provider, host } = helloHost({
    snapshot: true,
    provider: () => ({ environment: { PORTABLE_STORE: sharedStore } }),
    prepare: () =>
        program.write(
            "server.js",
            'require("node:http").createServer((_, answer) => answer.end(`${process.version}\\n`)).listen(8086);\n',
        ),
});

const JIT = { "web.service": { presets: ["jit"] } };

test("a preset is a drop-in that check shows, after the profile's and before the user's own", async () => {
    const service = provider.resource("AttachedService", "web");
    const dropIns = [{ unit: "web.service", sections: { Service: { MemoryDenyWriteExecute: true } } }];
    const declared = { image: "/var/lib/portables/web_1.raw", connection: { host: "web1" } };
    const textsOf = async (inputs: Json) => (await service.check({ ...declared, ...inputs })).dropInTexts;
    expect(await textsOf({ units: JIT, dropIns })).toEqual({
        "/etc/systemd/system/web.service.d/15-presets.conf": "[Service]\nMemoryDenyWriteExecute=no\n",
        "/etc/systemd/system/web.service.d/50-portable.conf": "[Service]\nMemoryDenyWriteExecute=yes\n",
    });
    expect(await textsOf({ units: { "web.service": { presets: [] } } })).toEqual({});
    expect(
        await failure(service.check({ ...declared, units: { "web.service": { presets: ["java"] } } })),
    ).toMatchObject({
        message: expect.stringContaining("jit"),
    });
});

test("Node.js aborts under the default profile, as the preview warns, and runs with the preset in an otherwise equal sandbox", async () => {
    const [web, service] = [provider.resource("PortableImage", "web"), provider.resource("AttachedService", "web")];
    const connection = connectionTo(host);
    provider.warnings({ clear: true });
    await web.up({
        version: "1",
        source: {
            files: {
                units: [
                    {
                        name: "web.service",
                        text: "[Service]\nExecStart=/usr/bin/node /opt/server.js\n[Install]\nWantedBy=multi-user.target\n",
                    },
                ],
                tree: { "/opt/server.js": { asset: fileAsset("server.js") } },
                runtime: { node: { version: "24.11.0" } },
            },
        },
        connection,
    });
    expect(provider.warnings().join("\n")).toContain('units: { "web.service": { presets: ["jit"] } }');
    const image = web.outputs.path;
    const { message, isPartial } = await failure(service.up({ image, connection }));
    expect(isPartial).toBe(true);
    expect(message).toContain("Everything was rolled back: nothing is attached.");

    await service.up({ image, units: JIT, connection });
    expect(await soon(() => host.http(8086, "/"))).toEqual({ status: 200, body: "v24.11.0\n" });
    const shown = await onHost(
        host,
        "systemctl show -p MemoryDenyWriteExecute,DynamicUser,PrivateUsers,ProtectSystem,NoNewPrivileges web.service | sort",
    );
    expect(shown.split("\n")).toEqual([
        "DynamicUser=yes",
        "MemoryDenyWriteExecute=no",
        "NoNewPrivileges=yes",
        "PrivateUsers=yes",
        "ProtectSystem=strict",
    ]);
    expect(await service.refresh()).toBe(true);
    // Removing the preset makes the program abort, so the rollback restores the preset.
    await failure(service.up({ image, connection }));
    expect(await soon(() => host.http(8086, "/"))).toMatchObject({ status: 200 });
}, 180_000);
