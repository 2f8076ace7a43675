import { BaseAgent, type IdentityCallback, type ParsedKey, type SignCallback, type SigningRequestOptions } from "ssh2";

export interface ChosenKeysOptions {
    /** Public keys of the identity files. */
    named: readonly Buffer[];
    /** Whether to offer only these keys. */
    only: boolean;
    /** Called around each request, as the agent may wait for a person. */
    onAsk: () => void;
    answered: () => void;
}

/** An agent that offers the keys of the identity files first, or only those. */
export class ChosenKeys extends BaseAgent<ParsedKey> {
    constructor(
        private readonly agent: BaseAgent,
        private readonly options: ChosenKeysOptions,
    ) {
        super();
    }

    getIdentities(callback: IdentityCallback<ParsedKey>): void {
        const { named, only, onAsk, answered } = this.options;
        onAsk();
        this.agent.getIdentities((error, keys) => {
            answered();
            const parsed = (keys ?? []) as ParsedKey[];
            const isNamed = (key: ParsedKey) => named.some((one) => one.equals(key.getPublicSSH()));
            const rest = only ? [] : parsed.filter((key) => !isNamed(key));
            callback(error, [...parsed.filter(isNamed), ...rest]);
        });
    }

    sign(key: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, callback?: SignCallback): void {
        const done = typeof options === "function" ? options : callback;
        const settings = typeof options === "function" ? {} : options;
        this.options.onAsk();
        this.agent.sign(key, data, settings, (error, signature) => {
            this.options.answered();
            done?.(error, signature);
        });
    }
}
