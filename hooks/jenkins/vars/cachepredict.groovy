// A step of a shared library: def p = cachepredict(arguments: '--target runtime'); if (p.skip != 'true') { sh "docker buildx build ..." }
// The agent has the command (make install). The comment takes the credential in CACHEPREDICT_TOKEN.
def call(Map options = [:]) {
    def folder = ".cachepredict-${env.BUILD_NUMBER}"
    def hooks = options.hooks ?: '/usr/local/share/cachepredict/hooks'
    int code = 0
    withEnv(["HOOK_OUTPUTS=${folder}/outputs", "HOOK_REPORTS=${folder}", "HOOK_COMMENT=${options.comment == false ? 'false' : 'true'}",
             "ARGUMENTS=${options.arguments ?: ''}", "HOOKS=${hooks}"]) {
        code = sh(script: 'mkdir -p "$HOOK_REPORTS" && sh "$HOOKS/sh/predict.sh" $ARGUMENTS', returnStatus: true)
    }
    def outputs = [:]
    if (fileExists("${folder}/outputs")) {
        readFile("${folder}/outputs").readLines().each { line ->
            int at = line.indexOf('=')
            if (at > 0) {
                outputs[line.substring(0, at)] = line.substring(at + 1)
            }
        }
    }
    junit testResults: "${folder}/junit.xml", allowEmptyResults: true
    archiveArtifacts artifacts: "${folder}/*.json, ${folder}/page.html", allowEmptyArchive: true
    if (code != 0) {
        error "cachepredict: exit code ${code}"
    }
    return outputs
}
