# As nix-build takes it: a function whose arguments have defaults.
{
    greeting ? "Hello, world!",
}:
let
    run = (import ./local.nix).run builtins.currentSystem;
in
{
    script = run "hello.sh" "printf '#!/bin/sh\necho ${greeting}\n' > $out; chmod +x $out";

    image = run "hello-img" ''
        mkdir root
        cd root
        mkdir -p etc/systemd/system bin dev proc sys run tmp var/tmp
        touch etc/machine-id etc/resolv.conf
        echo ID=hello > etc/os-release
        echo 'int main(void) { return 0; }' | gcc -static -x c -o bin/hello -
        printf '[Unit]\nDescription=${greeting}\n[Service]\nExecStart=/bin/hello\n' > etc/systemd/system/hello.service
        mksquashfs . $out -all-root -noappend -quiet -no-progress
    '';
}
