import java.util.Scanner;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/** The AWS SDK for Java 2: puts and gets what each line of the input names, in the bucket of the first argument. */
class V2 {
    public static void main(String[] arguments) {
        var bucket = arguments[0];
        var s3 = S3Client.builder().forcePathStyle(true).build();
        for (var names = new Scanner(System.in); names.hasNextLine(); ) {
            var name = names.nextLine();
            try {
                s3.putObject(put -> put.bucket(bucket).key(name), RequestBody.fromString(name));
                var found = s3.getObjectAsBytes(get -> get.bucket(bucket).key(name)).asUtf8String();
                System.out.println(found.equals(name) ? "ok" : "failed " + found);
            } catch (RuntimeException exception) {
                System.out.println("failed " + exception.toString().replace('\n', ' '));
            }
        }
    }
}
