-- Many users, each with a pause of 1 to 5 seconds before each request; three reads of metrics to one launch. The argument: a file with "token business" in each line.
local users = {}

function init(args)
   for line in io.lines(args[1]) do
      local token, business = line:match("^(%S+) (%S+)$")
      users[#users + 1] = { token = token, business = business }
   end
   math.randomseed(1)
end

function delay() return math.random(1000, 5000) end

function request()
   local user = users[math.random(#users)]
   local headers = { ["Authorization"] = "Bearer " .. user.token }
   if math.random(4) > 1 then
      return wrk.format("GET", "/api/businesses/" .. user.business .. "/metrics", headers)
   end
   headers["Content-Type"] = "application/json"
   return wrk.format("POST", "/api/businesses/launch", headers, '{"blueprint":"AI Chatbot Integration Service","pace":"realtime"}')
end

function done(summary, latency)
   dofile(os.getenv("BBB_LOAD_SCRIPTS") .. "/counted.lua")
   counted(summary, latency)
end
