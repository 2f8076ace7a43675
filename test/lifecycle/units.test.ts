import type { Deployment, Json } from "./deployment";
import { image, mainPid, onHost } from "./hello";
import { helloHost } from "./hello-host";
import { INSTALL, idle, imageOf } from "./kinds/kinds";

const { provider, host, connection } = helloHost({ snapshot: true });
let hello: Deployment;
let service: Deployment;
beforeEach(() => {
    hello = provider.resource("PortableImage", "hello");
    service = provider.resource("AttachedService", "hello");
});

const states = (...units: string[]) =>
    onHost(
        host,
        `for unit in ${units.join(" ")}; do echo $unit $(systemctl show -p ActiveState,UnitFileState --value $unit); done`,
    );

async function deploy(version: string, units: Record<string, string>, inputs: Json = {}): Promise<void> {
    await hello.up(imageOf(connection, version, units));
    await service.up({ image: hello.outputs.path, connection, ...inputs });
}

test("units of an image are enabled and started according to [Install]; units that the next image lacks are stopped and disabled", async () => {
    await deploy("1", {
        "hello.service": idle(),
        "hello-worker.service": idle(),
        "hello-job.service": "[Service]\nType=oneshot\nExecStart=/usr/bin/hello --help\nSuccessExitStatus=1\n",
        "hello-job.timer": "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n",
    });
    expect(service.outputs.unitStates).toMatchObject({
        "hello.service": { active: "active", enablement: "enabled" },
        "hello-worker.service": { active: "active", enablement: "enabled" },
        "hello-job.service": { active: "inactive", enablement: "static" },
        "hello-job.timer": { active: "active", sub: "waiting", enablement: "enabled" },
    });
    await onHost(host, "systemctl start hello-job.service");
    await deploy("2", { "hello.service": idle(), "hello-many@.service": idle() });
    expect(Object.keys(service.outputs.unitStates as Json)).toEqual(["hello-many@.service", "hello.service"]);
    expect(await onHost(host, "ls /etc/systemd/system.attached; find /etc/systemd -xtype l")).toBe(
        "hello-many@.service\nhello-many@.service.d\nhello.service\nhello.service.d",
    );
    expect(await onHost(host, "systemctl list-units --all --plain --no-legend 'hello*' | cut -d ' ' -f 1")).toBe(
        "hello.service",
    );
    // Instances that a user started are stopped with their template.
    await onHost(host, "systemctl start hello-many@one.service");
    expect(await service.refresh()).toBe(true);
    expect(service.initErrors).toEqual([]);
});

test("a socket that a new image adds is started, though its service is already running", async () => {
    await deploy("1", { "hello.service": idle() });
    const units = {
        "hello.service": `[Service]\nType=notify\nExecStart=/usr/bin/hello\nDynamicUser=yes\nRuntimeDirectory=hello\n${INSTALL}`,
        "hello.socket": "[Socket]\nListenStream=8080\n[Install]\nWantedBy=sockets.target\n",
    };
    await deploy("2", units);
    expect((await host.http(8080, "/")).body).toBe("Hello, world!\n");
    await deploy("3", {
        ...units,
        "hello.socket": "[Socket]\nListenStream=8081\n[Install]\nWantedBy=sockets.target\n",
    });
    expect((await host.http(8081, "/")).body).toBe("Hello, world!\n");
    await expect(host.http(8080, "/")).rejects.toThrow("ECONNREFUSED");
    await deploy("4", {
        "hello.service": units["hello.service"].replace("notify", "exec").replace("/bin/hello", "/bin/idle"),
    });
    await expect(host.http(8081, "/")).rejects.toThrow("ECONNREFUSED");
    expect(await states("hello.service")).toBe("hello.service active enabled");
});

test("each change of the overrides of a unit is applied", async () => {
    await hello.up(image(connection));
    const up = (units?: Json) =>
        service.up({ image: hello.outputs.path, ...(units === undefined ? {} : { units }), connection });
    const off = { enable: false, start: false };
    await up({ "hello.service": off, "hello.socket": off });
    expect(await states("hello.service", "hello.socket")).toBe(
        "hello.service inactive disabled\nhello.socket inactive disabled",
    );
    expect(await service.refresh()).toBe(true);
    expect(service.initErrors).toEqual([]);
    expect(await up({ "hello.service": off, "hello.socket": off })).toEqual({ operation: "same", diff: {} });
    await up({ "hello.service": off, "hello.socket": { enable: false, start: true } });
    expect(await states("hello.socket")).toBe("hello.socket active disabled");
    expect((await host.http(8080, "/")).body).toBe("Hello, world!\n");
    await up();
    expect(await states("hello.service", "hello.socket")).toBe(
        "hello.service active enabled\nhello.socket active enabled",
    );
});

test("a change of the profile restarts the service once", async () => {
    await hello.up(image(connection));
    const up = (profile: string) => service.up({ image: hello.outputs.path, profile, connection });
    await up("default");
    const pid = await mainPid(host, "hello.service");
    expect(await up("strict")).toEqual({ operation: "update", diff: { profile: "UPDATE" } });
    expect(await mainPid(host, "hello.service")).not.toBe(pid);
    expect(await onHost(host, "readlink /etc/systemd/system.attached/hello.service.d/10-profile.conf")).toBe(
        "/usr/lib/systemd/portable/profile/strict/service.conf",
    );
    expect(await service.refresh()).toBe(true);
    expect(await up("strict")).toEqual({ operation: "same", diff: {} });
});
