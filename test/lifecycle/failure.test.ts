import { diffSnapshots } from "../hosts";
import { type Deployment, failure, type Json } from "./deployment";
import { image, inlineName, mainPid, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { provider, host, connection } = helloHost({ snapshot: true });

const crashing = { mark: "v2", program: "crash" };
const page = async () => (await host.http(8080, "/")).body;

/** An image, and its service with a drop-in and a host file that has a mode and an owner. */
function hello(): { image: Deployment; service: Deployment; inputs(name: string): Json } {
    const [pointer, service] = [
        provider.resource("PortableImage", "hello"),
        provider.resource("AttachedService", "hello"),
    ];
    return {
        image: pointer,
        service,
        inputs: (name) => ({
            image: pointer.outputs.path,
            dropIns: [inlineName(name)],
            files: { "/etc/hello/key": { content: `key of ${name}`, mode: "0640", owner: "deploy", group: "daemon" } },
            connection,
        }),
    };
}
const filesOnHost = () =>
    onHost(
        host,
        "cd /etc && stat -c '%a %U:%G %n' hello hello/* systemd/system/hello.service.d/* && cat hello/* systemd/system/hello.service.d/*",
    );

/** Deploys, then updates to an image that crashes at start, which is rolled back. */
async function deployThenCrash() {
    const { image: pointer, service, inputs } = hello();
    await pointer.up(image(connection));
    await service.up(inputs("one"));
    const v1 = pointer.outputs.path;
    const before = { files: await filesOnHost(), host: await host.snapshot() };
    await pointer.up(image(connection, crashing));
    const failed = await failure(service.up(inputs("two")));
    return { pointer, service, inputs, v1, v2: pointer.outputs.path, before, failed };
}

test("a new image that crashes at start is rolled back to the previous image, drop-ins and files", async () => {
    const { service, v1, v2, before, failed } = await deployThenCrash();
    expect(failed.isPartial).toBe(true);
    expect(failed.message).toContain(`failed on ${host.address}`);
    expect(failed.message).toContain(`The image, drop-ins and files were rolled back: ${v1} is running.`);
    expect(failed.message).toContain("no such luck");
    expect(service.outputs).toMatchObject({ serving: v1, unitStates: { "hello.service": { active: "active" } } });
    expect(await page()).toBe("Hello, one!\n");
    expect(await filesOnHost()).toBe(before.files);
    // Besides the records, and directories that systemd makes at each start, only the new image is different.
    expect(
        diffSnapshots(before.host, await host.snapshot()).filter(
            (line) => !/\/pulumi-portable\/|\/systemd-private-/.test(line),
        ),
    ).toEqual([expect.stringContaining(`+ file ${v2}`)]);
});

test("a drop-in with which systemd refuses the unit is rolled back before the old version is stopped", async () => {
    const { image: pointer, service, inputs } = hello();
    await pointer.up(image(connection));
    await service.up(inputs("one"));
    const before = await mainPid(host, "hello.service");
    const second = { unit: "hello.service", name: "60-second.conf", text: "[Service]\nExecStart=/usr/bin/hello\n" };
    const failed = await failure(service.up({ ...inputs("one"), dropIns: [inlineName("one"), second] }));
    expect(failed.message).toContain(
        `loading hello.service failed on ${host.address}: Unit hello.service has a bad unit file setting`,
    );
    expect(failed.message).toContain("Service has more than one ExecStart= setting");
    expect(await page()).toBe("Hello, one!\n");
    expect(await mainPid(host, "hello.service")).toBe(before);
});

/** Makes the service ignore SIGTERM, so that a stop takes until systemd kills it. */
const ignoresSigterm = {
    unit: "hello.service",
    name: "60-stubborn.conf",
    text: "[Service]\nKillSignal=SIGCONT\nTimeoutStopSec=8\n",
};

test("an update whose stop exceeds the time limit is rolled back to the old version", async () => {
    const { image: pointer, service, inputs } = hello();
    await pointer.up(image(connection));
    const dropIns = [inlineName("one"), ignoresSigterm];
    await service.up({ ...inputs("one"), dropIns });
    service.timeoutSeconds = 14;
    const failed = await failure(service.up({ ...inputs("two"), dropIns: [inlineName("two"), ignoresSigterm] }));
    service.timeoutSeconds = 0;
    expect(failed.message).toContain("hello.service failed");
    expect(failed.message).toContain(
        "not done when the time for it was up (7 s in all, with time kept for the rollback)",
    );
    expect(failed.message).toContain(`were rolled back: ${pointer.outputs.path} is running`);
    expect(await page()).toBe("Hello, one!\n");
    await onHost(host, "systemctl kill -s KILL hello.service");
});

test("lines that a user of the host logs under the unit's name aren't in the error", async () => {
    const { image: pointer, service, inputs } = hello();
    await pointer.up(image(connection, crashing));
    await onHost(
        host,
        `systemd-run -q --unit forger -p User=deploy /bin/sh -c "while printf 'MESSAGE=forged\\nUNIT=hello.service\\n' | logger --journald; do sleep 0.02; done"`,
    );
    const failed = await failure(service.up(inputs("two")));
    await onHost(host, "systemctl stop forger");
    expect(await onHost(host, "journalctl -q -o cat UNIT=hello.service")).toContain("forged");
    expect(failed.message).toContain("no such luck");
    expect(failed.message).not.toContain("forged");
});

test("after a rollback an update to the previous image restarts nothing", async () => {
    const { pointer, service, inputs, v1 } = await deployThenCrash();
    const pid = await mainPid(host, "hello.service");
    await pointer.up(image(connection));
    expect(pointer.outputs.path).toBe(v1);
    expect(await service.up(inputs("one"))).toEqual({ operation: "update", diff: expect.anything() });
    expect(service.initErrors).toEqual([]);
    expect(await mainPid(host, "hello.service")).toBe(pid);
    expect(await service.up(inputs("one"))).toEqual({ operation: "same", diff: {} });
});

test("after a rollback a fixed image is deployed by the next update", async () => {
    const { pointer, service, inputs } = await deployThenCrash();
    await pointer.up(image(connection, { mark: "v3" }));
    expect((await service.up(inputs("three"))).operation).toBe("update");
    expect(service.outputs.serving).toBe(pointer.outputs.path);
    expect(await onHost(host, "systemctl show -p RootImage --value hello.service")).toBe(pointer.outputs.path);
    expect(await page()).toBe("Hello, three!\n");
});

test("a drop-in that makes the service fail is rolled back together with the image and files", async () => {
    const { image: pointer, service, inputs } = hello();
    await pointer.up(image(connection));
    await service.up(inputs("one"));
    const files = await filesOnHost();
    const failed = await failure(
        service.up({
            ...inputs("two"),
            dropIns: [{ unit: "hello.service", sections: { Service: { ExecStartPre: "/usr/bin/missing" } } }],
            files: { "/etc/hello/other": { content: "new" } },
        }),
    );
    expect(failed.isPartial).toBe(true);
    expect(failed.message).toContain(`${pointer.outputs.path} is running.`);
    expect(await filesOnHost()).toBe(files);
    expect(await page()).toBe("Hello, one!\n");
    // The drop-ins in the state were read back from the host.
    expect(service.outputs).toMatchObject({
        dropInTexts: { "/etc/systemd/system/hello.service.d/50-portable.conf": expect.stringContaining("NAME=one") },
    });
    expect(Object.keys(service.outputs.hostFiles as Json)).toEqual(["/etc/hello/key"]);
});

/** Creates a service from an image that crashes at start. */
async function failedCreation() {
    const { image: pointer, service, inputs } = hello();
    await pointer.up(image(connection, crashing));
    return { pointer, service, inputs, failed: await failure(service.up(inputs("one"))) };
}

// The hooks of helloHost destroy the resources after each test, also after a failed creation, and compare the host.
test("a first creation that fails leaves nothing attached", async () => {
    const { service, failed } = await failedCreation();
    expect(failed.isPartial).toBe(true);
    expect(failed.message).toContain("Everything was rolled back: nothing is attached.");
    expect(await onHost(host, "portablectl list --no-legend | grep -c attached || true")).toBe("0");
    expect(await onHost(host, "find /etc/systemd /etc/hello -name '*hello*' 2>/dev/null || true")).toBe("");
    expect(service.outputs.serving).toBe("");
});

test("a first creation that failed is completed by the next update", async () => {
    const { pointer, service, inputs } = await failedCreation();
    await pointer.up(image(connection));
    await service.up(inputs("one"));
    expect(await page()).toBe("Hello, one!\n");
});
