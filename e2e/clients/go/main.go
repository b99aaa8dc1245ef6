// The AWS SDK for Go: puts and gets what each line of the input names, in the bucket of the first argument.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	shared, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	client := s3.NewFromConfig(shared, func(o *s3.Options) { o.UsePathStyle = true })
	for names := bufio.NewScanner(os.Stdin); names.Scan(); {
		fmt.Println(roundTrip(client, &os.Args[1], names.Text()))
	}
}

func roundTrip(client *s3.Client, bucket *string, name string) string {
	put := &s3.PutObjectInput{Bucket: bucket, Key: &name, Body: strings.NewReader(name)}
	if _, err := client.PutObject(context.Background(), put); err != nil {
		return failed(err)
	}
	got, err := client.GetObject(context.Background(), &s3.GetObjectInput{Bucket: bucket, Key: &name})
	if err != nil {
		return failed(err)
	}
	if found, err := io.ReadAll(got.Body); string(found) != name {
		return failed(err)
	}
	return "ok"
}

func failed(err error) string { return "failed " + strings.ReplaceAll(fmt.Sprint(err), "\n", " ") }
