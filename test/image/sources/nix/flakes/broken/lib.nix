{
    package = name: throw "no package '${name}' without its hash";
}
