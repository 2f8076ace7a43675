import { suites } from "../../hosts";
import { failure, type Json } from "../deployment";
import { onHost } from "../hello";
import { helloService, idle, links } from "./kinds";

describe.each(suites)("on %s", (suite) => {
    const { host, connection, hello, service, deploy } = helloService(suite);
    const inputs = (rest: Json = {}) => ({ image: hello.outputs.path, connection, ...rest });
    const template = (argument: string, install = "[Install]\nWantedBy=multi-user.target\nDefaultInstance=main\n") =>
        idle(install, argument);
    /** Name, command line and image of each running instance. */
    const running = async () => {
        const lines = await onHost(
            host,
            `for unit in $(systemctl list-units --plain --no-legend --state=active 'hello@*.service' | cut -d ' ' -f 1); do
                # Before execve(2), the name of the process is in parentheses.
                for try in 1 2 3 4 5; do
                    program=$(tr '\\0' ' ' </proc/$(systemctl show -p MainPID --value $unit)/cmdline)
                    case $program in '('*) sleep 0.1 ;; *) break ;; esac
                done
                echo $unit $program $(systemctl show -p RootImage --value $unit)
            done`,
        );
        return lines.split("\n").filter((line) => line !== "");
    };
    const expectedLines = (argument: string, ...instances: string[]) =>
        instances.map((instance) => `hello@${instance}.service /usr/bin/idle ${argument} ${hello.outputs.path}`);

    test("the default instance is started; running instances get the new image; instances enabled by hand stay enabled", async () => {
        await deploy("1", { "hello@.service": template("one") });
        expect(await running()).toEqual(expectedLines("one", "main"));
        expect(service.outputs.unitStates).toMatchObject({
            "hello@.service": { active: "template" },
            "hello@main.service": { active: "active", enablement: "enabled" },
        });
        await onHost(host, "systemctl -q enable --now hello@b.service; systemctl start hello@c");
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([]);
        await deploy("2", { "hello@.service": template("two") });
        expect(await running()).toEqual(expectedLines("two", "b", "c", "main"));
        expect(await links(host)).toEqual([
            "multi-user.target.wants/hello@b.service",
            "multi-user.target.wants/hello@main.service",
        ]);
        // Another DefaultInstance=: the old default instance is stopped and disabled.
        await deploy("3", { "hello@.service": template("three").replace("=main", "=other") });
        expect(await running()).toEqual(expectedLines("three", "b", "c", "other"));
        expect(await links(host)).toEqual([
            "multi-user.target.wants/hello@b.service",
            "multi-user.target.wants/hello@other.service",
        ]);
        expect((await service.up(inputs())).operation).toBe("same");
        // A stopped instance is reported and repaired.
        await onHost(host, "systemctl stop hello@other");
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([expect.stringContaining("hello@other.service is inactive (dead)")]);
        await service.up(inputs());
        expect(await running()).toEqual(expectedLines("three", "b", "c", "other"));
    });

    test("instances that the program declares are started, enabled, changed by drop-ins, and removed with the declaration", async () => {
        const declared = (...names: string[]) => ({
            units: Object.fromEntries(names.map((name) => [`hello@${name}.service`, {}])),
        });
        const units = { "hello@.service": template("one", "[Install]\nWantedBy=multi-user.target\n") };
        await deploy("1", units, declared("a", "b"));
        expect(await running()).toEqual(expectedLines("one", "a", "b"));
        expect(await links(host)).toEqual([
            "multi-user.target.wants/hello@a.service",
            "multi-user.target.wants/hello@b.service",
        ]);
        expect((await service.up(inputs(declared("a", "b")))).operation).toBe("same");
        const pids = () => onHost(host, "systemctl show -p MainPID --value hello@a hello@b");
        const [a, , b] = (await pids()).split("\n");
        const dropIns = [{ unit: "hello@a.service", sections: { Service: { Environment: { A: "1" } } } }];
        await service.up(inputs({ ...declared("a", "b"), dropIns }));
        const [changed, , same] = (await pids()).split("\n");
        expect([changed === a, same === b]).toEqual([false, true]);
        // A drop-in of the template restarts both instances.
        await service.up(inputs({ ...declared("a", "b"), dropIns: [{ ...dropIns[0], unit: "hello@.service" }] }));
        expect(await onHost(host, "systemctl show -p Environment --value hello@a hello@b")).toMatch(/A=1\n\n.*A=1$/);
        expect((await pids()).split("\n")[2]).not.toBe(b);
        await service.up(
            inputs({ units: { "hello@a.service": { enable: false }, "hello@c.service": { start: false } } }),
        );
        expect(await running()).toEqual(expectedLines("one", "a"));
        expect(await links(host)).toEqual(["multi-user.target.wants/hello@c.service"]);
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([]);
        const failed = await failure(service.up(inputs({ units: { "other@a.service": {} } })));
        expect(failed.message).toContain("has no unit other@a.service");
        await service.up(inputs());
        expect(await running()).toEqual([]);
        expect(await links(host)).toEqual([]);
    });

    test("an update that fails is rolled back together with the instances", async () => {
        await deploy("1", { "hello@.service": template("one") });
        await onHost(host, "systemctl start hello@b");
        const before = await running();
        const broken = template("two").replace("[Service]\n", "[Service]\nExecStartPre=/usr/bin/hello --help\n");
        await expect(deploy("2", { "hello@.service": broken })).rejects.toThrow("were rolled back");
        expect(await running()).toEqual(before);
    });

    test("connections of an Accept=yes socket outlive an update; new connections get the new image", async () => {
        const units = (argument: string) => ({
            "hello.socket": "[Socket]\nListenStream=8080\nAccept=yes\n[Install]\nWantedBy=sockets.target\n",
            "hello@.service": `[Service]\nExecStart=-/usr/bin/idle ${argument}\nStandardInput=socket\n`,
        });
        await deploy("1", units("one"));
        const connect = (name: string) =>
            onHost(
                host,
                `systemd-run -q --unit ${name} bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080; exec sleep infinity'; sleep 1`,
            );
        await connect("client1");
        const programs = async () => (await running()).map((line) => line.split(" ").slice(1, 3).join(" ")).sort();
        const pid = () => onHost(host, "systemctl show -p MainPID --value 'hello@*'");
        const first = await pid();
        expect(await programs()).toEqual(["/usr/bin/idle one"]);
        await deploy("2", units("two"));
        expect(await pid()).toBe(first);
        await connect("client2");
        expect(await programs()).toEqual(["/usr/bin/idle one", "/usr/bin/idle two"]);
        expect(Object.keys(service.outputs.unitStates as Json)).toEqual(["hello.socket", "hello@.service"]);
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([]);
        await onHost(host, "systemctl stop client1 client2; systemctl stop 'hello@*'");
    });
});
