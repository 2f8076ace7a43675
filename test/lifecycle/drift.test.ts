import type { Json } from "./deployment";
import { image, inlineName, mainPid, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { provider, host, connection, expectUntouched } = helloHost();
const hello = provider.resource("PortableImage", "hello");
const service = provider.resource("AttachedService", "hello");
const serviceInputs = (): Json => ({
    image: hello.outputs.path,
    dropIns: [inlineName("one")],
    files: { "/etc/hello/key": { content: "key", mode: "0640" } },
    connection,
});
const inline = "/etc/systemd/system/hello.service.d/50-portable.conf";

beforeAll(async () => {
    await hello.up(image(connection));
    await service.up(serviceInputs());
});

/** Runs the command on the host, refreshes, and expects `up` to repair the service; returns what Read and Diff found. */
async function repairAfter(command: string): Promise<{ diff: Record<string, string>; initErrors: string[] }> {
    await onHost(host, command);
    expect(await service.refresh()).toBe(true);
    const { initErrors } = service;
    const { operation, diff } = await service.up(serviceInputs());
    expect(operation).toBe("update");
    // The host is repaired, and Read and Diff find no difference any more.
    expect((await host.http(8080, "/")).body).toBe("Hello, one!\n");
    expect(
        await onHost(
            host,
            `systemctl is-active hello.service hello.socket; systemctl is-enabled hello.service hello.socket; stat -c '%a %U' /etc/hello/key; cat /etc/hello/key ${inline}; readlink /etc/portables/*; ls /etc/systemd/system.attached`,
        ),
    ).toBe(
        [
            "active\nactive",
            "enabled\nenabled",
            "640 root",
            'key[Service]\nEnvironment="NAME=one"',
            hello.outputs.path,
            "hello.service\nhello.service.d\nhello.socket\nhello.socket.d",
        ].join("\n"),
    );
    expect(await service.refresh()).toBe(true);
    expect(service.initErrors).toEqual([]);
    expect(await service.up(serviceInputs())).toEqual({ operation: "same", diff: {} });
    return { diff, initErrors };
}
const unhealthy = (what: string) => `${what} on ${host.address}: \`pulumi up\` repairs it`;

test("a healthy service has no drift, and isn't restarted", async () => {
    const pid = await mainPid(host, "hello.service");
    expect(await service.refresh()).toBe(true);
    expect(service.initErrors).toEqual([]);
    expect(await service.diff(serviceInputs())).toEqual({ operation: "same", diff: {} });
    expect(await mainPid(host, "hello.service")).toBe(pid);
});

test("a service that was stopped is repaired", async () => {
    const { diff, initErrors } = await repairAfter("systemctl stop hello.service");
    expect(diff).toEqual({ units: "DELETE" });
    expect(initErrors).toEqual([unhealthy("hello.service is inactive (dead)")]);
});

test("a service that was stopped with its socket and disabled is repaired", async () => {
    const { initErrors } = await repairAfter("systemctl disable -q --now hello.socket hello.service");
    expect(initErrors).toEqual([
        unhealthy("hello.service is inactive (dead)"),
        unhealthy("hello.service is disabled"),
        unhealthy("hello.socket is inactive (dead)"),
        unhealthy("hello.socket is disabled"),
    ]);
});

test("a socket that was stopped while its service runs is repaired, though systemd starts it only without the service", async () => {
    const { initErrors } = await repairAfter("systemctl stop hello.socket; systemctl start hello.service");
    expect(initErrors).toEqual([unhealthy("hello.socket is inactive (dead)")]);
});

test("a socket that has reached its start limit is repaired", async () => {
    const { initErrors } = await repairAfter(
        "for start in 1 2 3 4 5; do systemctl stop hello.service hello.socket; systemctl start hello.socket || true; done; systemctl stop hello.service hello.socket",
    );
    expect(initErrors).toContain(unhealthy("hello.socket is failed (failed)"));
});

test("a service that crashed is repaired", async () => {
    const { initErrors } = await repairAfter(
        "systemctl stop hello.socket; systemctl kill -s SEGV hello.service; sleep 0.2",
    );
    expect(initErrors).toContain(unhealthy("hello.service is failed (failed)"));
});

test("a refresh changes only the inputs that differ on the host, in the program's own form", async () => {
    await onHost(host, `systemctl stop hello.service; chmod 0600 ${inline}`);
    expect(await service.refresh()).toBe(true);
    const { units, dropInTexts, ...others } = service.inputs;
    expect(units).toEqual({ "hello.service": { start: false } });
    expect(dropInTexts).toEqual({
        [inline]: '# Its access is 0600 root root.\n[Service]\nEnvironment="NAME=one"\n',
    });
    expect(Object.keys(others).sort()).toEqual(["connection", "dropIns", "files", "hostFiles", "image"]);
    await service.up(serviceInputs());
});

test("a line that was edited by hand is shown as that line in the state and in the next preview", async () => {
    await onHost(host, `sed -i s/one/two/ ${inline}; systemctl daemon-reload`);
    expect(await service.refresh()).toBe(true);
    expect(service.inputs.dropInTexts).toEqual({ [inline]: '[Service]\nEnvironment="NAME=two"\n' });
    const { operation, diff } = await service.preview(serviceInputs());
    expect({ operation, diff }).toEqual({ operation: "update", diff: { [`dropInTexts["${inline}"]`]: "UPDATE" } });
    expect((await service.check(serviceInputs())).dropInTexts).toEqual({
        [inline]: '[Service]\nEnvironment="NAME=one"\n',
    });
});

test("a drop-in that was edited, and one that was removed, are repaired", async () => {
    const edited = await repairAfter(
        `sed -i s/one/two/ ${inline}; systemctl daemon-reload; systemctl restart hello.service`,
    );
    expect(edited).toEqual({ diff: { [`dropInTexts["${inline}"]`]: "UPDATE" }, initErrors: [] });
    const unreadable = await repairAfter(`chmod 0600 ${inline}`);
    expect(unreadable.diff).toEqual({ [`dropInTexts["${inline}"]`]: "UPDATE" });
    const removed = await repairAfter(`rm ${inline}`);
    expect(removed.diff).toEqual({ [`dropInTexts["${inline}"]`]: "ADD" });
});

test("a host file that was edited, one whose mode was changed, and one that was removed are repaired", async () => {
    expect((await repairAfter("echo x >>/etc/hello/key")).diff).toEqual({ 'hostFiles["/etc/hello/key"]': "UPDATE" });
    expect((await repairAfter("chmod 644 /etc/hello/key")).diff).toEqual({ 'hostFiles["/etc/hello/key"]': "UPDATE" });
    expect((await repairAfter("rm -r /etc/hello")).diff).toEqual({ 'hostFiles["/etc/hello/key"]': "ADD" });
});

test("another image that was attached by hand under the service's name is replaced by the declared one", async () => {
    const other = "/var/lib/portables/hello_9-by-hand.raw";
    await onHost(host, `cp ${hello.outputs.path} ${other}`);
    const { diff } = await repairAfter(`portablectl -q reattach --now --profile trusted ${other}`);
    expect(diff).toMatchObject({ image: "UPDATE", profile: "DELETE" });
    await onHost(host, `rm ${other}`);
});

test("an image file that was deleted is uploaded again", async () => {
    const path = hello.outputs.path as string;
    await onHost(host, `rm ${path}`);
    provider.warnings({ clear: true });
    const missingText = `${path} is gone from ${host.address}: \`pulumi up\` uploads it again.`;
    for (let twice = 0; twice < 2; twice++) expect(await hello.refresh()).toBe(true);
    expect(provider.warnings()).toEqual([missingText, missingText]);
    expect(await hello.preview(image(connection))).toMatchObject({
        operation: "update",
        diff: { sourceDigest: "UPDATE" },
        properties: { path, digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    await hello.up(image(connection));
    expect(hello.outputs.path).toBe(path);
    expect(await hello.refresh()).toBe(true);
    expect(await hello.up(image(connection))).toEqual({ operation: "same", diff: {} });
    // The service kept the deleted file mounted, and the new one has the same bytes: it isn't restarted.
    expect(await service.up(serviceInputs())).toEqual({ operation: "same", diff: {} });
    await onHost(host, "systemctl restart hello.service");
    expect((await host.http(8080, "/")).body).toBe("Hello, one!\n");
});

test("an image file that was damaged is uploaded again", async () => {
    const path = hello.outputs.path as string;
    await onHost(
        host,
        `cp ${path} ${path}.x && printf x | dd of=${path}.x bs=1 seek=5000 conv=notrunc status=none && mv ${path}.x ${path}`,
    );
    provider.warnings({ clear: true });
    expect(await hello.refresh()).toBe(true);
    expect(provider.warnings()).toEqual([
        expect.stringContaining(`${path} on ${host.address} isn't what was uploaded any more`),
    ]);
    const { operation, diff } = await hello.up(image(connection));
    expect({ operation, diff }).toEqual({ operation: "update", diff: { sourceDigest: "UPDATE" } });
    expect(await onHost(host, `sha256sum <${path}`)).toBe(`${hello.outputs.digest}  -`);
    expect(hello.outputs.path).toBe(path);
    expect(await hello.up(image(connection))).toEqual({ operation: "same", diff: {} });
});

test("a service that was detached by hand is attached again", async () => {
    const { diff, initErrors } = await repairAfter(`portablectl -q detach --now ${hello.outputs.path}`);
    expect(initErrors).toEqual([unhealthy("hello isn't attached")]);
    expect(diff).toEqual({ serving: "UPDATE of output" });
});

test("destroying a service that was detached by hand leaves nothing", async () => {
    await onHost(host, `portablectl -q detach --now ${hello.outputs.path}`);
    expect(await service.refresh()).toBe(true);
    await service.destroy();
    await hello.destroy();
    await expectUntouched();
});
