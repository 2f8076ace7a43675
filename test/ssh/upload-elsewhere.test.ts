import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, Server, utils } from "ssh2";
import { uploadFile } from "../../provider/ssh/built-in/sftp";
import { BuiltInLink } from "../../provider/ssh/built-in/ssh2-link";
import type { Login } from "../../provider/ssh/login/login";

// The test hosts have only OpenSSH's SFTP server, so a server of ssh2 that only accepts files identifies itself as others.

const directory = mkdtempSync(join(tmpdir(), "portable-test-upload-"));
afterAll(() => rmSync(directory, { recursive: true }));

// ssh2 can't read some of the keys that it generates itself: 10 of 3,000.
execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, "host-key")]);
const hostKey = readFileSync(join(directory, "host-key"));

/** An SFTP server without the limits extension, like OpenSSH before 8.5. It stops answering after `answeredBytes`. */
async function serverNamed(ident: string, stored: Buffer, answeredBytes = Number.POSITIVE_INFINITY) {
    const server = new Server({ hostKeys: [hostKey], ident }, (client) => {
        client.on("authentication", (login) => login.accept());
        client.on("error", () => {});
        client.on("session", (accept) => {
            accept().on("sftp", (acceptSftp) => {
                const sftp = acceptSftp();
                const { OK } = utils.sftp.STATUS_CODE;
                sftp.on("OPEN", (id) => sftp.handle(id, Buffer.from("file")));
                sftp.on("WRITE", (id, _handle, offset, data) => {
                    data.copy(stored, offset);
                    if (offset < answeredBytes) sftp.status(id, OK);
                });
                sftp.on("CLOSE", (id) => sftp.status(id, OK));
            });
        });
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return server;
}

const content = randomBytes(3_000_000);
const file = join(directory, "file");
beforeAll(() => writeFileSync(file, content));

async function upload(server: Server, stalledMs?: number): Promise<void> {
    const client = new Client();
    try {
        const { port } = server.address() as AddressInfo;
        await new Promise((ready, failed) => {
            client.on("ready", () => ready(undefined)).on("error", failed);
            client.connect({ host: "127.0.0.1", port, username: "x", password: "x" });
        });
        const login = { address: "127.0.0.1", port, user: "x" } as Login;
        await uploadFile(new BuiltInLink(client, login, () => {}), login, file, "/file", {}, stalledMs);
    } finally {
        client.end();
        server.close();
    }
}

test.each(["OpenSSH_9.2p1", "OpenSSH_8.4p1", "dropbear_2022.83", "AnotherServer"])(
    "a file is uploaded complete to %s",
    async (ident) => {
        const stored = Buffer.alloc(content.length);
        await upload(await serverNamed(ident, stored));
        expect(stored.equals(content)).toBe(true);
    },
    10_000,
);

test("an upload that stalls fails with the number of bytes that arrived", async () => {
    const server = await serverNamed("OpenSSH_9.2p1", Buffer.alloc(content.length), 2_000_000);
    await expect(upload(server, 500)).rejects.toThrow(
        /^the upload of \/file to x@127\.0\.0\.1:\d+ stalled: [56]\d % of it arrived, and then the host took nothing for 0\.5 s\. Check the network, /,
    );
}, 20_000);
