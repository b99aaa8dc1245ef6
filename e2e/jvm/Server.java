import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * Answers what the real parsers and the real S3A make of files that codriver-init wrote.
 *
 * <p>A line on stdin asks: a verb and its arguments; a line on stdout answers: {@code ok} or {@code failed} and words. All but
 * the first word are Base64 of UTF-8, with one blank between them. It ends when stdin does.
 */
public final class Server {
    private static final byte[] CONTENT = "written by S3A".getBytes(StandardCharsets.UTF_8);

    public static void main(String[] args) throws Exception {
        PrintStream answers = new PrintStream(System.out, true, "UTF-8");
        System.setOut(System.err); // what libraries say must not look like an answer
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            String[] words = line.split(" ", -1);
            for (int at = 1; at < words.length; at++) {
                words[at] = new String(Base64.getDecoder().decode(words[at]), StandardCharsets.UTF_8);
            }
            StringBuilder answer = new StringBuilder();
            try {
                List<String> found = answer(words);
                answer.append("ok");
                found.forEach(word -> append(answer, word));
            } catch (Throwable error) {
                error.printStackTrace();
                answer.setLength(0);
                answer.append("failed");
                append(answer, causes(error));
            }
            answers.println(answer);
        }
    }

    private static void append(StringBuilder answer, String word) {
        byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
        answer.append(' ').append(Base64.getEncoder().encodeToString(bytes));
    }

    private static String causes(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            text.append(text.length() == 0 ? "" : " <- ").append(cause);
        }
        return text.toString();
    }

    private static List<String> answer(String[] words) throws Exception {
        switch (words[0]) {
            case "configuration":
                return configuration(words[1]);
            case "properties":
                return properties(words[1]);
            case "spark":
                return spark(words[1]);
            case "system":
                return pairs(System.getProperties());
            case "s3":
                return s3(hadoop(words[1]), new Path(words[2]));
            case "file-context":
                return fileContext(hadoop(words[1]), new Path(words[2]));
            default:
                throw new IllegalArgumentException(words[0]);
        }
    }

    /** Name, value as it stands there, and value as get() returns it, of each setting in a file. */
    private static List<String> configuration(String file) {
        Configuration configuration = new Configuration(false);
        configuration.addResource(new Path("file://" + file));
        List<String> found = new ArrayList<>();
        for (Map.Entry<String, String> entry : configuration) {
            found.addAll(Arrays.asList(entry.getKey(), entry.getValue(), configuration.get(entry.getKey())));
        }
        return found;
    }

    private static List<String> properties(String file) throws Exception {
        Properties properties = new Properties();
        try (java.io.Reader reader = Files.newBufferedReader(Paths.get(file), StandardCharsets.UTF_8)) {
            properties.load(reader);
        }
        return pairs(properties);
    }

    private static List<String> pairs(Properties properties) {
        List<String> found = new ArrayList<>();
        for (String name : properties.stringPropertyNames()) {
            found.addAll(Arrays.asList(name, properties.getProperty(name)));
        }
        return found;
    }

    /** What Spark's own loader makes of a properties file. Spark is on the class path of some of these JVMs only. */
    private static List<String> spark(String file) throws Exception {
        Class<?> utils = Class.forName("org.apache.spark.util.Utils");
        Object map = utils.getMethod("getPropertiesFromFile", String.class).invoke(null, file);
        Object iterator = Class.forName("scala.collection.Iterable").getMethod("iterator").invoke(map);
        Class<?> pairs = Class.forName("scala.collection.Iterator");
        Class<?> pair = Class.forName("scala.Tuple2");
        List<String> found = new ArrayList<>();
        while ((Boolean) pairs.getMethod("hasNext").invoke(iterator)) {
            Object next = pairs.getMethod("next").invoke(iterator);
            found.add((String) pair.getMethod("_1").invoke(next));
            found.add((String) pair.getMethod("_2").invoke(next));
        }
        return found;
    }

    /** Hadoop's defaults, and over them what a configuration folder says, as if it were on the class path. */
    private static Configuration hadoop(String folder) {
        Configuration configuration = new Configuration();
        configuration.addResource(new Path("file://" + folder + "/core-site.xml"));
        return configuration;
    }

    /** Writes, lists, reads and removes a file; the file system's class, its URI, and its credentials providers. */
    private static List<String> s3(Configuration configuration, Path file) throws Exception {
        try (FileSystem s3 = FileSystem.newInstance(file.toUri(), configuration)) {
            try (FSDataOutputStream out = s3.create(file, true)) {
                out.write(CONTENT);
            }
            FileStatus[] listed = s3.listStatus(file.getParent());
            require(listed.length == 1 && listed[0].getPath().equals(file), "listed " + Arrays.toString(listed));
            try (FSDataInputStream in = s3.open(file)) {
                read(in);
            }
            List<String> found = new ArrayList<>(Arrays.asList(s3.getClass().getName(), s3.getUri().toString()));
            found.addAll(providers(s3));
            require(s3.delete(file, false) && !s3.exists(file), "it is still there");
            return found;
        }
    }

    /** The same through the other interface, which checkpoints of Structured Streaming use. */
    private static List<String> fileContext(Configuration configuration, Path file) throws Exception {
        FileContext context = FileContext.getFileContext(new URI(file.toUri().getScheme(), file.toUri().getHost(), "/", null), configuration);
        EnumSet<CreateFlag> flags = EnumSet.of(CreateFlag.CREATE, CreateFlag.OVERWRITE);
        try (FSDataOutputStream out = context.create(file, flags, Options.CreateOpts.createParent())) {
            out.write(CONTENT);
        }
        RemoteIterator<FileStatus> listed = context.listStatus(file.getParent());
        require(listed.hasNext() && listed.next().getPath().equals(file), "it is not listed");
        try (FSDataInputStream in = context.open(file)) {
            read(in);
        }
        require(context.delete(file, false), "it is still there");
        return List.of(context.getDefaultFileSystem().getClass().getName());
    }

    private static void read(FSDataInputStream in) throws Exception {
        byte[] content = new byte[CONTENT.length];
        in.readFully(0, content);
        require(Arrays.equals(content, CONTENT), "read something else");
    }

    /** The classes in S3A's list; no method gives them in all versions. */
    private static List<String> providers(FileSystem s3) throws Exception {
        Object list = field(s3, "credentials");
        Object last = field(list, "lastProvider");
        return List.of(last == null ? "none" : last.getClass().getName());
    }

    private static Object field(Object object, String name) throws Exception {
        Field field = object.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(object);
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
