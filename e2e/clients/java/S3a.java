import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Scanner;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Hadoop's S3A on s3://, with what codriver-init wrote: puts and gets what each line of the input names, in one file system. */
class S3a {
    public static void main(String[] arguments) throws IOException {
        var configuration = new Configuration();
        configuration.addResource(new Path("file://" + System.getenv("HADOOP_CONF_DIR") + "/core-site.xml"));
        var bucket = URI.create("s3://" + arguments[0] + "/");
        FileSystem s3 = null;
        for (var names = new Scanner(System.in); names.hasNextLine(); ) {
            var name = names.nextLine();
            try {
                s3 = s3 == null ? FileSystem.newInstance(bucket, configuration) : s3;
                var file = new Path(bucket.resolve(name));
                try (var out = s3.create(file, true)) {
                    out.write(name.getBytes(StandardCharsets.UTF_8));
                }
                var found = new byte[name.length()];
                try (var in = s3.open(file)) {
                    in.readFully(found);
                }
                System.out.println(name.equals(new String(found, StandardCharsets.UTF_8)) ? "ok" : "failed");
            } catch (IOException | RuntimeException exception) {
                System.out.println("failed " + exception.toString().replace('\n', ' '));
            }
        }
    }
}
