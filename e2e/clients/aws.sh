#!/usr/bin/env bash
# The aws cli, a process for each call: puts and gets what each line of the input names.
# Usage: aws.sh VENV BUCKET
aws() { "$venv/bin/python3" "$venv/bin/aws" s3 cp --quiet "$@" 2>&1; }
venv=$1
while read -r name; do
    if said=$(printf %s "$name" | aws - "s3://$2/$name") && said=$(aws "s3://$2/$name" -) && [[ $said == "$name" ]]; then
        echo ok
    else
        echo "failed ${said//$'\n'/ }"
    fi
done
