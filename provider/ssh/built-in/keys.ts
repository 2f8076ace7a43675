import { type ParsedKey, utils } from "ssh2";
import {
    AS_SSH_KEYGEN,
    encryptedKey,
    inspectKey,
    keyProblem,
    onlyOpenSshReads,
    type UnusableKey,
} from "../login/key-file";
import { fromPkcs8 } from "../login/pkcs8";

const TO_OPENSSH = 'Set connection.client to "openssh"';

/** Reads a private key in OpenSSH, PEM or PKCS#8 form. */
export function readPrivateKey(text: string, passphrase?: string): ParsedKey | UnusableKey {
    const file = inspectKey(text);
    const onlyOpenSsh = onlyOpenSshReads(file);
    if (onlyOpenSsh !== undefined)
        return { reason: `${onlyOpenSsh}, which the built-in client doesn't support`, todo: TO_OPENSSH };
    return (
        keyProblem(file, passphrase) ??
        (file.kind === "pkcs8" ? readPkcs8(text, passphrase) : orReason(parseKey(text, passphrase), passphrase))
    );
}

/** Parses the line of a .pub file; undefined if it isn't one. */
export function readPublicKey(text: string): ParsedKey | undefined {
    const parsed = parseKey(text);
    return parsed instanceof Error ? undefined : parsed;
}

function parseKey(text: string, passphrase?: string): ParsedKey | Error {
    // For some formats it returns a list, contrary to its types.
    const parsed = utils.parseKey(text.endsWith("\n") ? text : `${text}\n`, passphrase) as
        | ParsedKey
        | ParsedKey[]
        | Error;
    return Array.isArray(parsed) ? (parsed[0] ?? new Error("empty")) : parsed;
}

function orReason(parsed: ParsedKey | Error, passphrase: string | undefined): ParsedKey | UnusableKey {
    if (!(parsed instanceof Error)) return parsed;
    if (/passphrase|encrypted|integrity|decrypt/i.test(parsed.message)) return encryptedKey(passphrase);
    return { reason: `can't be read (${parsed.message})`, todo: AS_SSH_KEYGEN };
}

function readPkcs8(text: string, passphrase: string | undefined): ParsedKey | UnusableKey {
    const converted = fromPkcs8(text, passphrase);
    return typeof converted === "string" ? orReason(parseKey(converted), undefined) : converted;
}
