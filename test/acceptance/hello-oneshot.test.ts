import { RUN_TIMEOUT_MS } from "./example";
import { journal, onEveryEngine, onHost, shown } from "./on-every-engine";

onEveryEngine("hello-oneshot", { prepare: ({ example }) => example.build() }, (scene) => {
    const lines = async () => {
        const [host] = scene.hosts;
        if (host === undefined) throw new Error("no host");
        return {
            host,
            hello: (await journal(host, "hello.service")).filter((line) => line === "Hello, world!").length,
        };
    };

    test(
        "portablectl attach, systemctl start hello, journalctl -u hello: Hello, world!",
        async () => {
            const { hello: before } = await lines();
            const { outputs } = await scene.stack.up();
            const { host, hello } = await lines();
            expect(hello).toBe(before + 1);
            expect(outputs.units).toEqual({
                "hello.service": {
                    load: "loaded",
                    active: "inactive",
                    sub: "dead",
                    enablement: "enabled",
                    links: ["default.target.wants/hello.service", "multi-user.target.wants/hello.service"],
                },
            });
            expect(await shown(host, "hello.service", "RootImage")).toBe(outputs.path);
            expect(outputs.path).toMatch(/^\/var\/lib\/portables\/hello_1\.0-\w+\.raw$/);
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "known output path: the image has the unit file, which runs /bin/hello",
        async () => {
            const { host } = await lines();
            const unit = await onHost(host, "cat /etc/systemd/system.attached/hello.service");
            expect(unit).toBe(scene.example.read("units/known-path/hello.service").trim());
            expect(unit).toContain("ExecStart=/bin/hello\n");
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "pulumi up again: nothing changes, and hello isn't run again",
        async () => {
            const { hello: before } = await lines();
            const { summary } = await scene.stack.up();
            expect(summary).toEqual({ same: 3 });
            expect((await lines()).hello).toBe(before);
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "portablectl reattach: version 1.1 replaces 1.0, and hello is run again",
        async () => {
            const { hello: before } = await lines();
            scene.stack.configure({ version: "1.1" });
            const { steps } = await scene.stack.preview({ diff: true });
            const image = steps.find(({ urn }) => urn.includes("PortableImage"));
            expect(Object.keys(image?.detailedDiff ?? {})).toEqual(["version"]);
            await scene.stack.up();
            const { host, hello } = await lines();
            expect(hello).toBe(before + 1);
            expect(await shown(host, "hello.service", "RootImage")).toMatch(/\/hello_1\.1-\w+\.raw$/);
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "templating: @helloExe@ is replaced by the path of the program, which runs",
        async () => {
            const { hello: before } = await lines();
            scene.stack.configure({ template: "true" });
            await scene.stack.up();
            const { host, hello } = await lines();
            expect(hello).toBe(before + 1);
            const unit = await onHost(host, "cat /etc/systemd/system.attached/hello.service");
            expect(unit).toContain("ExecStart=/opt/hello/hello\n");
            scene.stack.configure({ version: "1.0", template: "false" });
        },
        RUN_TIMEOUT_MS,
    );
});
