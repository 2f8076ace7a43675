import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host } from "../../provider/host/host";
import { sh } from "../../provider/host/shell";
import type { Pool } from "../../provider/ssh/pool";
import { bootHost, type TestHost } from "../hosts";
import { bootTimeoutMs, connectionsOn, createPool, explicit, onBothClients } from "./hosts";

onBothClients(() => {
    const directory = mkdtempSync(join(tmpdir(), "portable-test-upload-"));
    const bytes = 20_000_000;
    const file = join(directory, "file");
    let host: TestHost;
    let pool: Pool;
    let deploy: Host;

    beforeAll(async () => {
        writeFileSync(file, randomBytes(bytes));
        host = await bootHost();
        pool = createPool();
        deploy = await pool.connect({ ...explicit(host), user: "deploy" });
    }, bootTimeoutMs);

    afterAll(async () => {
        pool?.close();
        await host?.exec("rm -rf /home/deploy/upload");
        await host?.down();
        rmSync(directory, { recursive: true });
    }, bootTimeoutMs);

    beforeEach(async () => {
        await host.exec("rm -rf /home/deploy/upload; install -d -o deploy /home/deploy/upload");
    });

    const path = "/home/deploy/upload/file";
    const digestOnHost = async () => (await deploy.run(sh`sha256sum < ${path}`)).stdout;
    const localDigest = async () => {
        const { createHash } = await import("node:crypto");
        const { readFileSync } = await import("node:fs");
        return `${createHash("sha256").update(readFileSync(file)).digest("hex")}  -\n`;
    };

    test("a file is uploaded complete, with mode 0600, over the existing connection", async () => {
        const steps: [number, number][] = [];
        await deploy.upload(file, path, { onProgress: (done, total) => steps.push([done, total]) });
        expect(await digestOnHost()).toBe(await localDigest());
        expect((await deploy.run(sh`stat -c '%a %U' ${path}`)).stdout).toBe("600 deploy\n");
        expect(steps.length).toBeGreaterThan(10);
        expect(steps.at(-1)).toEqual([bytes, bytes]);
        expect(await connectionsOn(host)).toBe(1);
    });

    test("an empty file can be uploaded", async () => {
        const empty = join(directory, "empty");
        writeFileSync(empty, "");
        await deploy.upload(empty, path);
        expect((await deploy.run(sh`stat -c %s ${path}`)).stdout).toBe("0\n");
    });

    test("an existing file is replaced, and a link isn't followed", async () => {
        await host.exec(`echo old > /root/precious; ln -s /root/precious ${path}; chown -h deploy ${path}`);
        await deploy.upload(file, path);
        expect(await digestOnHost()).toBe(await localDigest());
        expect((await host.exec("cat /root/precious")).stdout).toBe("old\n");
    });

    test("20 uploads at once stay within MaxSessions", async () => {
        const small = join(directory, "small");
        writeFileSync(small, "content");
        await Promise.all(Array.from({ length: 20 }, (_, index) => deploy.upload(small, `${path}-${index}`)));
        expect((await deploy.run(sh`cat ${"/home/deploy/upload"}/file-* | wc -c`)).stdout).toBe("140\n");
    });

    test("an aborted upload leaves nothing on the host", async () => {
        const controller = new AbortController();
        const upload = deploy.upload(file, path, {
            signal: controller.signal,
            onProgress: () => controller.abort(new Error("time is up")),
        });
        await expect(upload).rejects.toThrow("time is up");
        expect((await deploy.run(sh`ls -A ${"/home/deploy/upload"}`)).stdout).toBe("");
    });

    test("an upload to a directory that isn't writable is reported with the user and the path", async () => {
        const error = await deploy.upload(file, "/root/file").catch((thrown) => thrown);
        expect(error).toMatchObject({ name: "UserError", problem: { host: host.address } });
        expect(error.message).toContain("deploy@");
        expect(error.message).toContain("can't write /root/file");
        expect(error.message).toMatch(/permission denied/i);
    });

    test("a full disk is reported, and the partial file is removed", async () => {
        await host.exec("mount -t tmpfs -o size=4M,uid=deploy none /home/deploy/upload");
        try {
            const error = await deploy.upload(file, path).catch((thrown) => thrown);
            expect(error.message).toContain("that the disk has room");
            expect((await deploy.run(sh`ls -A ${"/home/deploy/upload"}`)).stdout).toBe("");
        } finally {
            await host.exec("umount /home/deploy/upload");
        }
    });

    test("a local file that doesn't exist is reported", async () => {
        await expect(deploy.upload(join(directory, "missing"), path)).rejects.toThrow(/missing/);
        expect((await deploy.run(sh`ls -A ${"/home/deploy/upload"}`)).stdout).toBe("");
    });
});
