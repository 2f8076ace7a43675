/** The variables of this process. A rule of the linter forbids reading them elsewhere in the provider. */
export function environment(): Readonly<NodeJS.ProcessEnv> {
    return process.env;
}

/** Environment for a program that must use the user's settings: the variables of this process with these changes. */
export function childEnvironment(changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { ...environment(), ...changes };
}

/** Environment for a program whose output is parsed: English messages, without settings of the user that could affect it. */
export function plainEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { PATH: environment().PATH, LC_ALL: "C", TZ: "UTC", ...more };
}
