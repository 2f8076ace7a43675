import type { Login } from "../../provider/ssh/login/login";
import { quickAlgorithms } from "../../provider/ssh/openssh/quick-algorithms";

const CIPHERS = ["chacha20-poly1305@openssh.com", "aes128-ctr", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com"];
const EXCHANGES = ["sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "ecdh-sha2-nistp256"];

function login(settings: Partial<Login>, password?: string): Login {
    return { ciphers: [], kexAlgorithms: [], credentials: { password }, ...settings } as Login;
}

test("fast ciphers are moved to the front, and the others keep their order", () => {
    expect(quickAlgorithms(login({ ciphers: CIPHERS }))).toEqual([
        "-o",
        "Ciphers=aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr",
    ]);
});

test("a login that isn't shared prefers a fast key exchange, unless it sends a password", () => {
    const both = { kexAlgorithms: EXCHANGES };
    expect(quickAlgorithms(login(both), true)).toEqual([
        "-o",
        "KexAlgorithms=curve25519-sha256,sntrup761x25519-sha512@openssh.com,ecdh-sha2-nistp256",
    ]);
    expect(quickAlgorithms(login(both, "secret"), true)).toEqual([]);
    expect(quickAlgorithms(login(both), false)).toEqual([]);
});

test("algorithms that the settings don't allow are never added", () => {
    const settings = { ciphers: ["aes256-ctr"], kexAlgorithms: ["sntrup761x25519-sha512@openssh.com"] };
    expect(quickAlgorithms(login(settings), true)).toEqual([]);
    expect(quickAlgorithms(login({}), true)).toEqual([]);
});
