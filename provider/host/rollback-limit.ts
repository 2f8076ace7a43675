/**
 * Time limit for each step of a rollback, in seconds, given the time of the operation before it: at most a little more
 * than the 90 s that systemd gives a start or a stop by default (systemd-system.conf(5)).
 */
export function rollbackStepSeconds(budgetSeconds: number): number {
    return Math.min(100, Math.max(20, budgetSeconds));
}
