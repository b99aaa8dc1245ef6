import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.AmazonS3ClientBuilder;
import java.util.Scanner;

/** The AWS SDK for Java 1: puts and gets what each line of the input names, in the bucket of the first argument. */
class V1 {
    public static void main(String[] arguments) {
        var bucket = arguments[0];
        // It knows no variable for this.
        var endpoint = new EndpointConfiguration(System.getenv("AWS_ENDPOINT_URL_S3"), System.getenv("AWS_REGION"));
        AmazonS3 s3 = AmazonS3ClientBuilder.standard()
                .withEndpointConfiguration(endpoint)
                .withPathStyleAccessEnabled(true)
                .build();
        for (var names = new Scanner(System.in); names.hasNextLine(); ) {
            var name = names.nextLine();
            try {
                s3.putObject(bucket, name, name);
                var found = s3.getObjectAsString(bucket, name);
                System.out.println(found.equals(name) ? "ok" : "failed " + found);
            } catch (RuntimeException exception) {
                System.out.println("failed " + exception.toString().replace('\n', ' '));
            }
        }
    }
}
