import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";

const TYPE = "sk-ssh-ed25519@openssh.com";
const APPLICATION = "ssh:";
/** Flag of a signature: a touch confirmed the user's presence (PROTOCOL.u2f of OpenSSH). */
const PRESENT = 1;

/** Messages of the agent protocol (draft-ietf-sshm-ssh-agent). */
const FAILURE = 5;
const REQUEST_IDENTITIES = 11;
const IDENTITIES = 12;
const REQUEST_SIGN = 13;
const SIGNATURE = 14;

function withLength(value: string | Buffer): Buffer {
    const bytes = Buffer.from(value as string);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
}

/** An ssh-agent with one security key in software. It signs as a FIDO key does after a touch. */
export class SecurityKeyAgent {
    private readonly privateKey: KeyObject;
    private readonly blob: Buffer;
    private readonly server: Server;
    private counter = 0;
    /** Milliseconds before each signature, as if a person had to touch the key. */
    delayMs = 0;

    constructor() {
        const { privateKey, publicKey } = generateKeyPairSync("ed25519");
        this.privateKey = privateKey;
        const point = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
        this.blob = Buffer.concat([withLength(TYPE), withLength(point), withLength(APPLICATION)]);
        this.server = createServer((socket) => this.serve(socket));
    }

    /** The line for authorized_keys. */
    get line(): string {
        return `${TYPE} ${this.blob.toString("base64")} security-key`;
    }

    listen(path: string): Promise<void> {
        return new Promise((resolve) => this.server.listen(path, resolve));
    }

    close(): void {
        this.server.close();
    }

    private serve(socket: Socket): void {
        let received = Buffer.alloc(0);
        socket.on("error", () => {});
        socket.on("data", (bytes: Buffer) => {
            received = Buffer.concat([received, bytes]);
            while (received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
                const message = received.subarray(4, 4 + received.readUInt32BE(0));
                received = received.subarray(4 + message.length);
                const answer = this.answer(message);
                const delay = answer[0] === SIGNATURE ? this.delayMs : 0;
                setTimeout(() => socket.write(withLength(answer)), delay);
            }
        });
    }

    private answer(message: Buffer): Buffer {
        if (message[0] === REQUEST_IDENTITIES)
            return Buffer.concat([
                Buffer.from([IDENTITIES, 0, 0, 0, 1]),
                withLength(this.blob),
                withLength("security-key"),
            ]);
        if (message[0] !== REQUEST_SIGN) return Buffer.from([FAILURE]);
        const keyLength = message.readUInt32BE(1);
        const dataAt = 5 + keyLength;
        const data = message.subarray(dataAt + 4, dataAt + 4 + message.readUInt32BE(dataAt));
        const rest = Buffer.alloc(5);
        rest[0] = PRESENT;
        rest.writeUInt32BE(++this.counter, 1);
        const hash = (value: string | Buffer) => createHash("sha256").update(value).digest();
        const signature = sign(null, Buffer.concat([hash(APPLICATION), rest, hash(data)]), this.privateKey);
        return Buffer.concat([
            Buffer.from([SIGNATURE]),
            withLength(Buffer.concat([withLength(TYPE), withLength(signature), rest])),
        ]);
    }
}
