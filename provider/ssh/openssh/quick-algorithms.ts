import type { Login } from "../login/login";

/**
 * Options of ssh that put the fastest of the allowed algorithms first:
 * - AES-GCM, which the built-in client uses, too, takes half the time of ssh's default in the upload of an image.
 * - Post-quantum key exchanges take 60 ms of CPU time. A login without a session and without a password sends nothing that
 *   needs them.
 */
export function quickAlgorithms({ ciphers, kexAlgorithms, credentials }: Login, isOnlyLogin = false): string[] {
    const sendsNothing = isOnlyLogin && credentials.password === undefined;
    return [
        ...withFirst("Ciphers", ciphers, /^aes(128|256)-gcm@openssh\.com$/),
        ...(sendsNothing ? withFirst("KexAlgorithms", kexAlgorithms, /^curve25519-sha256(@libssh\.org)?$/) : []),
    ];
}

function withFirst(keyword: string, names: string[], first: RegExp): string[] {
    const [quick, others] = [true, false].map((isFirst) => names.filter((name) => first.test(name) === isFirst));
    return quick?.length ? ["-o", `${keyword}=${[...quick, ...(others ?? [])].join(",")}`] : [];
}
