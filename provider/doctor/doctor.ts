import { clientFindings } from "./client";
import { type Finding, findingText } from "./finding";
import { type Connect, hostFindings } from "./host";

/**
 * Prints what is missing on this machine and on the hosts for deployments, with the commands that install it. Changes nothing.
 *
 * @param destinations hosts as `[user@]host[:port]`
 * @returns exit status: 1 if something is missing that every deployment needs
 */
export async function doctor(
    destinations: readonly string[],
    { connect, print }: { connect: Connect; print(text: string): void },
): Promise<number> {
    if (destinations.some((destination) => destination.startsWith("-"))) {
        print(
            "Usage: pulumi-portable doctor [[USER@]HOST[:PORT]...]\n" +
                "Prints what this machine and the hosts lack for deployments, and changes nothing.",
        );
        return 2;
    }
    const reports: [title: string, findings: Promise<Finding[]>][] = [
        ["This machine", clientFindings()],
        ...destinations.map((name): [string, Promise<Finding[]>] => [name, hostFindings(name, connect)]),
    ];
    let missing = 0;
    for (const [title, findings] of reports) {
        const found = await findings;
        print(`${title}\n${found.map(findingText).join("\n")}\n`);
        missing += found.filter(({ state }) => state === "missing").length;
    }
    print(missing === 0 ? "Ready. Nothing was changed." : `${missing} missing. Nothing was changed.`);
    return missing === 0 ? 0 : 1;
}
