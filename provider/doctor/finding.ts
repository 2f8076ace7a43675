/** One line of the report. */
export interface Finding {
    /** `optional`: missing, but only needed for some sources of an image. */
    state: "ok" | "missing" | "optional";
    what: string;
    /** A command that installs or repairs it. */
    todo?: string;
}

const INDENT = "           ";

export function findingText({ state, what, todo }: Finding): string {
    const lines = what.split("\n").join(`\n${INDENT}`);
    return `  ${state.padEnd(8)} ${lines}${todo === undefined ? "" : `\n${INDENT}${todo}`}`;
}
