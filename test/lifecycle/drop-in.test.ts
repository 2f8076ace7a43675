import { createHash } from "node:crypto";
import { fileAsset, type Json } from "./deployment";
import { mainPid, makeToyService, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { program, provider, host, connection } = helloHost({ toy: true, snapshot: true });

const file = "/etc/systemd/system/toy.service.d/override.conf";
const toy = (): Json => ({
    unit: "toy.service",
    sections: { Service: { Environment: { A: "1" } } },
    files: { "/etc/toy/key": { content: "key", mode: "0640" } },
    connection,
});

test("every manual change of its files is shown by refresh and repaired by up", async () => {
    const dropIn = provider.resource("DropIn", "toy");
    await dropIn.up(toy());
    const key = 'hostFiles["/etc/toy/key"]';
    for (const [command, diff] of [
        [`sed -i s/1/2/ ${file}`, { dropInText: "UPDATE" }],
        [`rm ${file}`, { dropInText: "UPDATE" }],
        ["echo x >>/etc/toy/key", { [key]: "UPDATE" }],
        ["chmod 644 /etc/toy/key", { [key]: "UPDATE" }],
        ["chown deploy /etc/toy/key", { [key]: "UPDATE" }],
        ["rm /etc/toy/key", { [key]: "ADD" }],
        ["rm -r /etc/toy", { [key]: "ADD" }],
    ] as const) {
        await onHost(host, command);
        expect(await dropIn.refresh()).toBe(true);
        expect({ command, ...(await dropIn.up(toy())) }).toEqual({ command, operation: "update", diff });
        expect(await onHost(host, `stat -c '%a %U' /etc/toy/key; cat /etc/toy/key ${file}`)).toBe(
            '640 root\nkey[Service]\nEnvironment="A=1"',
        );
    }
    expect(await onHost(host, "systemctl show -p Environment --value toy.service")).toBe("A=1");
    expect(await dropIn.refresh()).toBe(true);
    expect(await dropIn.up(toy())).toEqual({ operation: "same", diff: {} });
});

test("only onChange: restart starts another process", async () => {
    const dropIn = provider.resource("DropIn", "toy");
    const pid = () => mainPid(host, "toy.service");
    const first = await pid();
    await dropIn.up({ ...toy(), onChange: "none" });
    await dropIn.up({ ...toy(), onChange: "reload", files: { "/etc/toy/key": { content: "other" } } });
    expect(await pid()).toBe(first);
    await dropIn.up({ ...toy(), onChange: "restart", files: { "/etc/toy/key": { content: "third" } } });
    const third = await pid();
    expect(third).not.toBe(first);
    // A change of onChange alone restarts nothing.
    await dropIn.up({ ...toy(), onChange: "none", files: { "/etc/toy/key": { content: "third" } } });
    expect(await pid()).toBe(third);
});

test("a drop-in of a template restarts its running instances and starts no others", async () => {
    await onHost(
        host,
        "cat >/etc/systemd/system/many@.service; systemctl daemon-reload; systemctl start many@one many@two",
        "[Service]\nExecStart=/bin/sleep infinity\n",
    );
    const dropIn = provider.resource("DropIn", "many");
    await dropIn.up({ unit: "many@.service", sections: { Service: { Environment: { A: "1" } } }, connection });
    const units = "many@one many@two many@three";
    const states = await onHost(
        host,
        `systemctl show -p Environment --value ${units}; systemctl is-active ${units} || true`,
    );
    await dropIn.destroy();
    const after = await onHost(host, `systemctl show -p Environment --value many@one; systemctl is-active many@one`);
    await onHost(
        host,
        "systemctl stop many@one many@two; rm /etc/systemd/system/many@.service; systemctl daemon-reload; systemctl stop 'system-many.slice'",
    );
    expect(states.split("\n").filter((line) => line !== "")).toEqual([
        "A=1",
        "A=1",
        "A=1",
        "active",
        "active",
        "inactive",
    ]);
    expect(after).toBe("active");
});

test("names and contents with characters that are special to a shell or to systemd are written unchanged", async () => {
    const bytes = Buffer.from([0, 1, 2, 255, 254, 10, 13, 0, 39, 34, 92, 36, 96]);
    program.write("bytes", bytes);
    const odd = `/etc/toy dir/-it's "$(touch pwned)" \`x\` ü %n`;
    const text = "END\n$HOME `id` 'x' \"y\" \\n %% \n\n\tüñ\n.";
    const environment = { A: 'it\'s "$(id)" `x` $HOME %n \\n ü', B: "" };
    const dropIn = provider.resource("DropIn", 'it\'s "$(touch /tmp/pwned)" a\\name');
    await dropIn.up({
        unit: "toy.service",
        name: "50-a_b:c@d.conf",
        sections: { Service: { Environment: environment } },
        files: {
            [odd]: { content: text },
            "/etc/toy dir/bytes": { asset: fileAsset("bytes") },
            "/etc/toy dir/none": { content: "" },
        },
        connection,
    });
    const digests = await onHost(host, `cd '/etc/toy dir' && sha256sum <bytes && sha256sum <none && cat ./-it*`);
    const sha = (content: Buffer | string) => `${createHash("sha256").update(content).digest("hex")}  -`;
    expect(digests).toBe([sha(bytes), sha(""), text].join("\n").trim());
    const pid = await mainPid(host, "toy.service");
    const shown = await onHost(host, `tr '\\0' '\\n' </proc/${pid}/environ | grep -E '^(A|B)='`);
    expect(shown.split("\n").sort()).toEqual([`A=${environment.A}`, "B="]);
    expect(await dropIn.refresh()).toBe(true);
    expect(await onHost(host, "find / -xdev -name pwned")).toBe("");
});

test("a drop-in can be deleted after its unit was removed", async () => {
    await makeToyService(host, "brief");
    const dropIn = provider.resource("DropIn", "brief");
    await dropIn.up({ ...toy(), unit: "brief.service" });
    await onHost(host, "systemctl stop brief; rm /etc/systemd/system/brief.service; systemctl daemon-reload");
    await dropIn.destroy();
    expect(provider.warnings()).toEqual([]);
});
