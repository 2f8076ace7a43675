import { diffSnapshots } from "../hosts";
import { failure, type Json } from "./deployment";
import { mainPid, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { provider, host, connection } = helloHost({ toy: true, snapshot: true });

const toy = (sections: Json, inputs: Json = {}): Json => ({ unit: "toy.service", sections, connection, ...inputs });
const good = { Service: { Environment: { A: "1" } } };
const fatal = { Service: { ExecStartPre: "/bin/false" } };
const key = (content: string, mode = "0640") => ({
    "/etc/toy/key": { content, mode, owner: "deploy", group: "daemon" },
});

test("a new drop-in that makes the unit fail is removed, and the unit runs as before", async () => {
    const dropIn = provider.resource("DropIn", "toy");
    const failed = await failure(dropIn.up(toy(fatal, { files: key("new") })));
    expect(failed.isPartial).toBe(true);
    expect(failed.message).toContain(`restarting toy.service failed on ${host.address}`);
    expect(failed.message).toContain("The drop-in and files were rolled back, and toy.service is as before.");
    expect(
        await onHost(
            host,
            "systemctl is-active toy.service; ls -d /etc/toy /etc/systemd/system/toy.service.d 2>/dev/null || true",
        ),
    ).toBe("active");
    expect(dropIn.outputs).toMatchObject({ dropInText: "", hostFiles: {} });
});

test.each([
    ["service", "[Service]\nExecStart=/bin/sleep 9\n", { Service: { ExecStart: "/bin/sleep 1" } }],
    ["socket", "[Socket]\nListenStream=/run/refused\n", { Socket: { ListenStream: "" } }],
    ["path", "[Path]\nPathExists=/nonexistent\n", { Path: { PathExists: "" } }],
])(
    "a drop-in with which systemd refuses a %s is rolled back, though nothing is restarted",
    async (kind, text, sections) => {
        const unit = `refused.${kind}`;
        const path = `/etc/systemd/system/${unit}`;
        await onHost(
            host,
            `cat >${path}; cd /etc/systemd/system; touch refused.service; systemctl daemon-reload`,
            text,
        );
        const failed = await failure(provider.resource("DropIn", unit).up({ unit, sections, connection }));
        const state = await onHost(host, `systemctl show -p LoadState --value ${unit}`);
        await onHost(host, "rm /etc/systemd/system/refused.*; systemctl daemon-reload");
        expect(failed.message).toContain(
            `loading ${unit} failed on ${host.address}: Unit ${unit} has a bad unit file setting. The drop-in and files were rolled back, and ${unit} is as before.`,
        );
        expect(failed.message).toContain("Refusing.");
        expect(state).toBe("loaded");
    },
);

test("an update that makes the unit fail is rolled back to every byte, mode and owner", async () => {
    const dropIn = provider.resource("DropIn", "toy");
    await dropIn.up(toy(good, { files: { ...key("old\n\n"), "/etc/toy/gone": { content: "stays" } } }));
    const held = await host.snapshot();
    const failed = await failure(
        dropIn.up(toy(fatal, { files: { ...key("new", "0600"), "/etc/toy/more/new": { content: "new" } } })),
    );
    expect(failed.isPartial).toBe(true);
    expect(diffSnapshots(held, await host.snapshot())).toEqual([]);
    expect(await onHost(host, "systemctl show -p Environment --value toy.service")).toBe("A=1");
    expect(dropIn.outputs).toMatchObject({ dropInText: '[Service]\nEnvironment="A=1"\n' });
    expect(Object.keys(dropIn.outputs.hostFiles as Json)).toEqual(["/etc/toy/gone", "/etc/toy/key"]);

    // The program before the failed update is what the host has: nothing is restarted.
    const pid = await mainPid(host, "toy.service");
    const reverted = toy(good, { files: { ...key("old\n\n"), "/etc/toy/gone": { content: "stays" } } });
    expect((await dropIn.up(reverted)).operation).toBe("update");
    expect(await mainPid(host, "toy.service")).toBe(pid);
    expect(await dropIn.up(reverted)).toEqual({ operation: "same", diff: {} });
    // The next update that succeeds removes the file that is no longer declared.
    await dropIn.up(toy(good, { files: key("newer") }));
    expect(await onHost(host, "ls /etc/toy; cat /etc/toy/key")).toBe("key\nnewer");
});

test("a unit that fails a moment after its start makes the operation fail", async () => {
    const dropIn = provider.resource("DropIn", "toy");
    const text = "[Service]\nExecStart=\nExecStart=/bin/sh -c 'sleep 0.4; exit 7'\n";
    const failed = await failure(dropIn.up({ unit: "toy.service", text, connection }));
    expect(failed.message).toContain("result exit-code");
    expect(await onHost(host, "systemctl is-active toy.service")).toBe("active");
});

test("a drop-in whose reload fails is removed", async () => {
    const dropIn = provider.resource("DropIn", "toy");
    const pid = await mainPid(host, "toy.service");
    const text = "[Service]\nExecReload=\nExecReload=/bin/sh -c 'echo no such page; exit 3'\n";
    const failed = await failure(dropIn.up({ unit: "toy.service", text, onChange: "reload", connection }));
    expect(failed.isPartial).toBe(true);
    expect(failed.message).toContain("reloading toy.service failed");
    expect(failed.message).toContain("no such page");
    expect(await mainPid(host, "toy.service")).toBe(pid);
});

test("a drop-in of a unit that isn't running starts nothing and reports no fault of the unit", async () => {
    await onHost(host, "systemctl stop toy.service");
    const dropIn = provider.resource("DropIn", "toy");
    await dropIn.up(toy(fatal));
    const state = await onHost(host, "systemctl is-active toy.service || true");
    await dropIn.destroy();
    await onHost(host, "systemctl start toy.service");
    expect(state).toBe("inactive");
});
