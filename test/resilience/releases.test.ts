import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bootedHost } from "../hosts/booted";
import { type Deployment, failure, type Json } from "../lifecycle/deployment";
import { bootTimeoutMs, connectionTo, helloProgram, image, inlineName, onHost } from "../lifecycle/hello";
import { Provider } from "../lifecycle/provider";
import { suites } from "./soak";

/*
 * Releases that must never stay in service: in each case the previous one is running again within the time limit of the
 * update, the state has it, and the run fails.
 */

const hello = readFileSync(join(__dirname, "../../examples/hello/hello.c"), "utf8");

/** Programs by name, in C. */
const PROGRAMS = {
    crash: '#include <stdio.h>\nint main() { fputs("no such luck\\n", stderr); return 7; }',
    answers500: hello.replace("200 OK", "500 Internal Server Error"),
    hangs: "#include <unistd.h>\nint main() { for (;;) pause(); }",
    // Ready at first, and gone a moment later: Restart=always makes a new one each time, and it never reads "failed".
    dies: hello.replace('notify("READY=1");', 'notify("READY=1"); usleep(200000); abort();'),
    cutsNetwork: readFileSync(join(__dirname, "cuts-network.c"), "utf8"),
};

const program = helloProgram();
const provider = new Provider({ directory: program.directory });
beforeAll(async () => {
    for (const [name, text] of Object.entries(PROGRAMS)) program.compile(name, text);
    await provider.start();
});

describe.each(suites)("on %s", (suite) => {
    const host = bootedHost({ suite });
    let connection: Json;
    let pointer: Deployment;
    let service: Deployment;
    let good: string;

    beforeAll(async () => {
        connection = connectionTo(host);
        pointer = provider.resource("PortableImage", `hello-${suite}`);
        service = provider.resource("AttachedService", `hello-${suite}`);
        await pointer.up(image(connection));
        good = pointer.outputs.path as string;
        await service.up(inputs(good, "good"));
    }, bootTimeoutMs);

    const inputs = (path: string, name: string): Json => ({ image: path, dropIns: [inlineName(name)], connection });

    /** The update to the release, which must fail, with its message and the seconds that it took. */
    async function release(
        name: keyof typeof PROGRAMS,
        timeoutSeconds: number,
        more: Json = {},
    ): Promise<{ message: string; seconds: number }> {
        await pointer.up(image(connection, { mark: name, program: name }));
        service.timeoutSeconds = timeoutSeconds;
        const began = performance.now();
        const failed = await failure(service.up({ ...inputs(pointer.outputs.path as string, "bad"), ...more }));
        const seconds = (performance.now() - began) / 1000;
        service.timeoutSeconds = 0;
        expect(failed.isPartial).toBe(true);
        return { message: failed.message, seconds };
    }

    /** The one before serves, and everyone who is asked says so. */
    async function expectGood(): Promise<void> {
        expect((await host.http(8080, "/")).body).toBe("Hello, good!\n");
        expect(service.outputs.serving).toBe(good);
        expect(await onHost(host, "systemctl show -p RootImage --value hello.service")).toBe(good);
        expect(await onHost(host, "cat /etc/systemd/system/hello.service.d/*.conf")).toContain("NAME=good");
        expect(await onHost(host, "systemctl list-units --plain --no-legend 'pulumi-portable*'")).toBe("");
        expect(await onHost(host, "sed -n 's/^serving //p' /var/lib/pulumi-portable/services/hello")).toBe(good);
        expect(await service.refresh()).toBe(true);
        expect(service.outputs.serving).toBe(good);
        expect(service.initErrors).toEqual([]);
    }

    const back = () => `The image, drop-ins and files were rolled back: ${good} is running.`;

    test("one that crashes at start", async () => {
        const { message, seconds } = await release("crash", 30);
        expect(message).toContain("no such luck");
        expect(message).toContain(back());
        expect(seconds).toBeLessThan(30);
        await expectGood();
    });

    test("one that starts and dies repeatedly", async () => {
        const restart = { unit: "hello.service", name: "restart.conf", sections: { Service: { Restart: "always" } } };
        const { message, seconds } = await release("dies", 30, {
            dropIns: [inlineName("bad"), restart],
            health: { stableSeconds: 2 },
        });
        expect(message).toContain("keeping hello.service up failed");
        expect(message).toContain(back());
        expect(seconds).toBeLessThan(30);
        await expectGood();
    });

    test("one that starts, and answers 500", async () => {
        const { message, seconds } = await release("answers500", 40, {
            health: { http: { port: 8080 }, timeoutSeconds: 3 },
        });
        expect(message).toContain("http://127.0.0.1:8080/ answered 500, 3 s after the start");
        expect(message).toContain(back());
        expect(seconds).toBeLessThan(40);
        await expectGood();
    });

    test("one that hangs at start", async () => {
        const { message, seconds } = await release("hangs", 20);
        expect(message).toContain(
            "not done when the time for it was up (10 s in all, with time kept for the rollback)",
        );
        expect(message).toContain(back());
        expect(seconds).toBeLessThan(20);
        await expectGood();
    });

    test("one that cuts the host's network", async () => {
        const asRoot = { Service: { User: "root", DynamicUser: false, Environment: { NAME: "bad" } } };
        const { message, seconds } = await release("cutsNetwork", 40, {
            profile: "trusted",
            dropIns: [{ unit: "hello.service", sections: asRoot }],
        });
        expect(message).toContain("nobody who could still reach the host confirmed it");
        expect(message).toContain(back());
        expect(seconds).toBeLessThan(40);
        await expectGood();
    });
});
