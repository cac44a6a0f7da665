// The steps of a Jenkins pipeline that hooks/jenkins takes, as an agent carries them out: shells and files are real, what would be shown on a
// build's page is printed. usage: jenkins.groovy STEP WORKSPACE HOOKS ARGUMENTS
import groovy.json.JsonOutput
import java.nio.file.FileSystems
import org.codehaus.groovy.control.CompilerConfiguration

abstract class Pipeline extends Script {
    static File workspace
    static Map extra = [:]
    static Map shown = [junit: [], artifacts: []]

    static Map getEnv() {
        System.getenv() + [BUILD_NUMBER: '7'] + extra
    }

    def withEnv(List<String> variables, Closure body) {
        def kept = extra
        extra = extra + variables.collectEntries { [(it.substring(0, it.indexOf('='))): it.substring(it.indexOf('=') + 1)] }
        try {
            return body()
        } finally {
            extra = kept
        }
    }

    def sh(Map options) {
        def builder = new ProcessBuilder('sh', '-xe', '-c', options.script as String).directory(workspace).inheritIO()
        builder.environment().putAll(getEnv())
        int code = builder.start().waitFor()
        if (options.returnStatus) {
            return code
        }
        if (code != 0) {
            throw new IllegalStateException("script returned exit code ${code}")
        }
    }

    def fileExists(String path) {
        new File(workspace, path).exists()
    }

    def readFile(String path) {
        new File(workspace, path).getText('UTF-8')
    }

    private static List<String> matching(String patterns) {
        def found = []
        patterns.split(',')*.trim().each { pattern ->
            def matcher = FileSystems.default.getPathMatcher("glob:${pattern}")
            workspace.eachFileRecurse { file ->
                def path = workspace.toPath().relativize(file.toPath())
                if (file.isFile() && matcher.matches(path)) {
                    found << path.toString()
                }
            }
        }
        return found.sort()
    }

    def junit(Map options) {
        matching(options.testResults as String).each { path ->
            shown.junit << new XmlSlurper().parse(new File(workspace, path)).testsuite.testcase.size()
        }
    }

    def archiveArtifacts(Map options) {
        shown.artifacts.addAll(matching(options.artifacts as String))
    }

    def error(message) {
        throw new IllegalStateException(message as String)
    }
}

Pipeline.workspace = new File(args[1])
def shell = new GroovyShell(Pipeline.classLoader, new Binding(), new CompilerConfiguration(scriptBaseClass: 'Pipeline'))
def step = shell.parse(new File(args[0]))
def answer = [:]
try {
    answer.outputs = step.call(hooks: args[2], arguments: args[3])
} catch (IllegalStateException e) {
    answer.error = e.message
}
println 'ANSWER ' + JsonOutput.toJson(answer + Pipeline.shown)
