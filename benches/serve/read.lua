-- One user reads, as fast as answers come. The argument: the token.
function init(args) wrk.headers["Authorization"] = "Bearer " .. args[1] end

function done(summary, latency)
   dofile(os.getenv("BBB_LOAD_SCRIPTS") .. "/counted.lua")
   counted(summary, latency)
end
