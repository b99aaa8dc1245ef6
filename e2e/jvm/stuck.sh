#!/usr/bin/env bash
# Compiles Stuck.java for the Sparks that there are images of, and prints the path of the folder with its class.
# Usage: stuck.sh
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
source "$here/../lib.sh"

# What it uses of Spark is the same in all of them.
compile() {
    local home
    home=$("$here/spark.sh" | tail -n 1 | cut -d ' ' -f 2)
    step "Java program for the tests with stuck drivers" 5 \
        javac -proc:none -nowarn -d "$1" -cp "$home/jars/*" "$here/Stuck.java"
}

cached stuck-class "$(digest "$here/Stuck.java")" compile
