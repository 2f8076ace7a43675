// Deploys systemd Portable Services to hosts over SSH.
package portable
