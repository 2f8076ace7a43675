import { createCipheriv, pbkdf2Sync, randomBytes } from "node:crypto";
import type { State } from "./state";
import { hasSecret, type Value } from "./values";

/**
 * A state in the form that `pulumi stack import` accepts. The import encrypts the secrets with the same passphrase. Throws
 * if there are secrets and no passphrase.
 */
export function exportState(state: State, passphrase: string | undefined): string {
    const deployment = state.deployment();
    if (hasSecret(deployment as unknown as Value)) {
        if (passphrase === undefined) {
            throw new Error("the state holds secrets: set PULUMI_CONFIG_PASSPHRASE to the passphrase of the stack");
        }
        Object.assign(deployment, {
            secrets_providers: { type: "passphrase", state: { salt: passphraseCheck(passphrase) } },
        });
    }
    return state.text(deployment);
}

const ITERATIONS = 1_000_000;

/**
 * The value by which Pulumi verifies a passphrase: "v1:", a salt, and the word "pulumi" encrypted by AES-256-GCM with the
 * PBKDF2 key of passphrase and salt (sdk/go/common/resource/config/crypt.go).
 */
function passphraseCheck(passphrase: string): string {
    const salt = randomBytes(8);
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", pbkdf2Sync(passphrase, salt, ITERATIONS, 32, "sha256"), nonce);
    const text = Buffer.concat([cipher.update("pulumi"), cipher.final(), cipher.getAuthTag()]);
    return `v1:${salt.toString("base64")}:v1:${nonce.toString("base64")}:${text.toString("base64")}`;
}
